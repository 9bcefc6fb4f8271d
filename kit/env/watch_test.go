package env_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/kit/env"
)

// watching is a watch over two secrets that go together and one that stands alone. Words that begin with "bad" will not do.
type watching struct {
	dir  string
	log  strings.Builder
	used map[string][]string // what each was put in force as
}

func (w *watching) file(name string) string { return filepath.Join(w.dir, name) }

func (w *watching) watched(name string, secrets ...*env.Secret) env.Watched {
	return env.Watched{Secrets: secrets, Use: func() error {
		var values []string
		for _, s := range secrets {
			if strings.HasPrefix(s.Value(), "bad") {
				return errors.New(s.Name() + ": will not do")
			}
			values = append(values, s.Value())
		}
		w.used[name] = append(w.used[name], strings.Join(values, "+"))
		return nil
	}}
}

// inBubble runs steps against a watch. Each round is one look at the files.
func (w *watching) inBubble(t *testing.T, steps func(round func())) {
	t.Helper()
	w.dir, w.used = t.TempDir(), map[string][]string{}
	vars := map[string]string{}
	for _, name := range []string{"A", "B", "C"} {
		write(t, w.file(name), "first")
		vars[name+"_FILE"] = w.file(name)
	}
	r := env.NewReader(lookup(vars))
	together, alone := w.watched("A+B", r.Secret("A"), r.Secret("B")), w.watched("C", r.Secret("C"))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	// os/signal starts its one goroutine at the first Notify; that must not be inside the bubble.
	outside := make(chan os.Signal, 1)
	signal.Notify(outside, syscall.SIGHUP)
	defer signal.Stop(outside)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			env.Watch(ctx, slog.New(slog.NewTextHandler(&w.log, nil)), together, alone)
		}()
		steps(func() { time.Sleep(env.WatchInterval); synctest.Wait() }) // the bubble's clock, not the machine's
		cancel()
		<-done
	})
}

func TestWatchPutsWhatChangedInForceAndNothingElse(t *testing.T) { //nolint:paralleltest // it listens for this process's SIGHUP
	var w watching
	w.inBubble(t, func(round func()) {
		round()
		write(t, w.file("A"), "second")
		round()
		write(t, w.file("C"), "second")
		round()
		round()
	})
	if got := strings.Join(w.used["A+B"], " "); got != "second+first" {
		t.Errorf("A and B: got %q", got)
	}
	if got := strings.Join(w.used["C"], " "); got != "second" {
		t.Errorf("C: got %q", got)
	}
}

func TestASecretThatIsRefusedOrUnreadableHoldsNoOtherBack(t *testing.T) { //nolint:paralleltest // as above
	for name, broken := range map[string]string{"refused": "bad", "unreadable": ""} {
		t.Run(name, func(t *testing.T) {
			var w watching
			w.inBubble(t, func(round func()) {
				write(t, w.file("A"), broken)
				write(t, w.file("C"), "second")
				round()
				round()
				write(t, w.file("A"), "second")
				round()
			})
			if got := strings.Join(w.used["C"], " "); got != "second" {
				t.Errorf("C: got %q", got)
			}
			if got := strings.Join(w.used["A+B"], " "); got != "second+first" {
				t.Errorf("A and B: got %q", got)
			}
			log := w.log.String()
			if got := strings.Count(log, "level=ERROR"); got != 1 || !strings.Contains(log, "what was in force stays") || !strings.Contains(log, "A") {
				t.Errorf("the mistake is said %d times, want once with its name:\n%s", got, log)
			}
		})
	}
}

func TestAHalfWrittenRotationIsPutInForceWhenItIsWhole(t *testing.T) { //nolint:paralleltest // as above
	var w watching
	w.inBubble(t, func(round func()) {
		write(t, w.file("A"), "bad without its other half")
		round()
		write(t, w.file("B"), "second")
		write(t, w.file("A"), "second")
		round()
	})
	if got := strings.Join(w.used["A+B"], " "); got != "second+second" {
		t.Errorf("got %q", got)
	}
}
