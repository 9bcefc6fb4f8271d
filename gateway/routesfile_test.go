package main

import (
	"bytes"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tallygate/gateway/internal/route"
	"tallygate/kit/follow"
)

// watched is a routes file that a test follows step by step.
type watched struct {
	*routes
	*follow.Follower

	log   bytes.Buffer
	table *route.Table
	puts  int
}

func watch(t *testing.T, text string) *watched {
	t.Helper()
	w := &watched{}
	cfg := &config{routesFile: filepath.Join(t.TempDir(), "routes.yaml"), auth: newURL("auth"), math: newURL("math")}
	w.routes = newRoutes(cfg, func(table *route.Table) { w.table, w.puts = table, w.puts+1 })
	w.Follower = follow.New(slog.New(slog.NewTextHandler(&w.log, nil)), w.sources()...)
	w.write(t, text)
	if err := w.load(); err != nil {
		t.Fatal(err)
	}
	return w
}

func newURL(host string) *url.URL { return &url.URL{Host: host} }

// write writes in place, as many editors do.
func (w *watched) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(w.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// want compares the names of the file's routes in force, and the metric.
func (w *watched) want(t *testing.T, when, names string, valid float64) {
	t.Helper()
	got := ""
	for _, r := range w.table.Routes()[len(w.builtin):] {
		got += r.Name
	}
	if v := testutil.ToFloat64(w.valid); got != names || v != valid {
		t.Errorf("%s: got routes %q and valid %v, want %q and %v", when, got, v, names, valid)
	}
}

func listed(names string) string {
	text := "routes:\n"
	for name := range strings.SplitSeq(names, "") {
		text += "  - {name: " + name + ", path: /" + name + ", upstream: http://" + name + "}\n"
	}
	return text
}

func TestAFileThatIsBeingWrittenIsNotTaken(t *testing.T) {
	t.Parallel()
	w := watch(t, listed("ab"))
	for i, text := range []string{"", "routes:\n", listed("a"), listed("abc")} {
		w.write(t, text)
		w.Look(false)
		w.want(t, "half of it, step "+string(rune('0'+i)), "ab", 1)
	}
	w.Look(false)
	w.want(t, "the second look at the whole", "abc", 1)
	w.write(t, listed("a"))
	w.Look(false)
	w.write(t, listed("abc"))
	w.Look(false)
	w.write(t, listed("a"))
	w.Look(false)
	w.want(t, "seen twice, but not in a row", "abc", 1)
	if w.puts != 2 {
		t.Errorf("a table was put in force %d times, want 2", w.puts)
	}
}

func TestASignalReloadsTheFileAtOnce(t *testing.T) {
	t.Parallel()
	w := watch(t, listed("a"))
	w.write(t, listed("b"))
	w.Look(true)
	w.want(t, "forced", "b", 1)
}

func TestAnEmptyFileRemovesNoRoutes(t *testing.T) {
	t.Parallel()
	w := watch(t, listed("a"))
	for _, text := range []string{"", "routes:\n", "routes: []\n", "# a\n"} {
		w.write(t, text)
		for range 3 {
			w.Look(false)
		}
		w.want(t, text, "a", 0)
		w.Look(true)
		w.want(t, text+", forced", "a", 0)
		w.write(t, listed("a"))
		w.Look(false)
		w.Look(false)
		w.want(t, "the file as it was", "a", 1)
	}
}

func TestAFileThatComesBackIsValidAgain(t *testing.T) {
	t.Parallel()
	w := watch(t, listed("a"))
	for range 3 {
		if err := os.Rename(w.path, w.path+".away"); err != nil {
			t.Fatal(err)
		}
		w.Look(false)
		w.Look(false)
		w.want(t, "away", "a", 0)
		if err := os.Rename(w.path+".away", w.path); err != nil {
			t.Fatal(err)
		}
		w.Look(false)
		w.Look(false)
		w.want(t, "back unchanged", "a", 1)
	}
	if n := strings.Count(w.log.String(), "routes not reloaded; the old values stay in use"); n != 3 {
		t.Errorf("the log has %d lines about a missing file, want one each time:\n%s", n, w.log.String())
	}
}
