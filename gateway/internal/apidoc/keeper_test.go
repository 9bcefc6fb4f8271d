package apidoc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tallygate/gateway/internal/apidoc"
	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/route"
)

// upstream answers the questions of a Keeper.
type upstream struct {
	mu     sync.Mutex
	answer func(path string, header http.Header) (*http.Response, error)
	asked  int
}

func (u *upstream) set(answer func(string, http.Header) (*http.Response, error)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = answer
}

func (u *upstream) fetch(_ context.Context, _ *route.Route, path string, header http.Header) (*http.Response, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asked++
	return u.answer(path, header)
}

func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked
}

// says answers with a text.
func says(text string) func(string, http.Header) (*http.Response, error) {
	return func(_ string, header http.Header) (*http.Response, error) {
		tag := fmt.Sprintf(`"%d"`, len(text))
		if header.Get("If-None-Match") == tag {
			return &http.Response{StatusCode: http.StatusNotModified, Body: http.NoBody, Header: http.Header{}}, nil
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(text)), Header: http.Header{"Etag": {tag}}}, nil
	}
}

func fails(string, http.Header) (*http.Response, error) { return nil, errors.New("connection refused") }

// kept is a Keeper that runs in a bubble of synctest.
type kept struct {
	*apidoc.Keeper

	upstream upstream
	log      bytes.Buffer
	mu       sync.Mutex
	body     string
}

func keep(t *testing.T, bound int) *kept {
	t.Helper()
	k := &kept{upstream: upstream{answer: fails}}
	own, paths := pages(t, console.Calls{})
	var err error
	k.Keeper, err = apidoc.New(apidoc.Config{
		Own: own, Pages: paths, Fetch: k.upstream.fetch, Bound: bound, Log: slog.New(slog.NewTextHandler(&k.log, nil)),
		Put: func(body []byte) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.body = string(body)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kept) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); k.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// has waits for some time, and checks what is described.
func (k *kept) has(t *testing.T, after time.Duration, path string, want bool, valid float64) {
	t.Helper()
	time.Sleep(after)
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if got := strings.Contains(k.body, `"`+path+`":`); got != want {
		t.Errorf("%s is described: %t, want %t; log:\n%s", path, got, want, k.log.String())
	}
	if got := testutil.ToFloat64(k.Collector()); got != valid {
		t.Errorf("the metric is %v, want %v", got, valid)
	}
}

func described(paths ...string) string {
	var items []string
	for _, path := range paths {
		items = append(items, fmt.Sprintf(`%q:{"get":{"responses":{"200":{"description":"ok"}}}}`, path))
	}
	return `{"openapi":"3.0.0","info":{},"paths":{` + strings.Join(items, ",") + `}}`
}

const oneRoute = "\n  - {name: a, path: /a, upstream: http://u, openapi: /openapi.json}"

func TestAKeeperFollowsItsUpstream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := keep(t, 8<<20)
		k.SetRoutes(table(t, oneRoute))
		k.Join()
		k.run(t)
		k.has(t, 0, "/a/1", false, 0) // the upstream is not there yet
		k.upstream.set(says(described("/a/1")))
		k.has(t, 2*time.Second, "/a/1", true, 1)
		k.upstream.set(says(described("/a/1", "/a/2")))
		k.has(t, time.Minute, "/a/2", true, 1)
		k.upstream.set(says("<html>"))
		k.has(t, time.Minute, "/a/2", true, 0) // the last good one
		k.has(t, 10*time.Minute, "/a/2", true, 0)
		k.upstream.set(fails)
		k.has(t, 10*time.Minute, "/a/2", true, 0)
		k.upstream.set(says(described("/a/3")))
		k.has(t, 2*time.Minute, "/a/3", true, 1)
		for what, want := range map[string]int{"connection refused": 2, "is no object": 1, "is in force": 3, "route=a": 8} {
			if got := strings.Count(k.log.String(), what); got != want {
				t.Errorf("%q stands in the log %d times, want %d:\n%s", what, got, want, k.log.String())
			}
		}
		before := k.upstream.count()
		k.has(t, time.Hour, "/a/3", true, 1)
		if asked := k.upstream.count() - before; asked < 58 || asked > 61 {
			t.Errorf("asked %d times in an hour", asked)
		}
	})
}

// Everything that an upstream may do wrong leaves what was there, and is told apart in the log.
func TestWhatUpstreamsDoWrongChangesNothing(t *testing.T) {
	t.Parallel()
	respond := func(status int, body io.Reader) func(string, http.Header) (*http.Response, error) {
		return func(string, http.Header) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(body), Header: http.Header{"Etag": {strings.Repeat("a", 1000)}}}, nil
		}
	}
	for reason, answer := range map[string]func(string, http.Header) (*http.Response, error){
		"status 404": respond(404, strings.NewReader(described("/a/2"))), "status 302": respond(302, strings.NewReader("")), "too large": respond(200, io.LimitReader(zeros{}, 1<<40)),
		"connection refused": fails, "describes no call": says(described("/b")), "unexpected EOF": respond(200, io.MultiReader(strings.NewReader("{"), broken{})),
		"status 304": func(string, http.Header) (*http.Response, error) {
			return &http.Response{StatusCode: 304, Body: http.NoBody, Header: http.Header{}}, nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			k := keep(t, 8<<20)
			k.upstream.set(answer)
			k.SetRoutes(table(t, oneRoute))
			k.run(t)
			k.has(t, time.Hour, "/a/2", false, 0)
			if !strings.Contains(k.log.String(), reason) || strings.Count(k.log.String(), "\n") != 1 {
				t.Errorf("%s: the log has\n%s", reason, k.log.String())
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNewRoutesKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := keep(t, 8<<20)
		k.upstream.set(says(described("/a/1", "/a/b/1")))
		k.SetRoutes(table(t, oneRoute))
		k.run(t)
		k.has(t, time.Second, "/a/b/1", true, 1)
		k.upstream.set(fails)
		k.SetRoutes(table(t, oneRoute+"\n  - {name: b, path: /a/b, upstream: http://v}"))
		k.has(t, time.Second, "/a/b/1", false, 0) // another route has it now
		k.has(t, 0, "/a/1", true, 0)
		k.SetRoutes(table(t, strings.ReplaceAll(oneRoute, "http://u", "http://w")))
		synctest.Wait()
		k.has(t, 0, "/a/1", false, 0) // another upstream has never said so
	})
}

func TestADescriptionMayBeAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "api.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		k := keep(t, 8<<20)
		k.SetRoutes(table(t, strings.ReplaceAll(oneRoute, "/openapi.json", "{file: "+path+"}")))
		k.run(t)
		k.has(t, time.Second, "/a/1", false, 0)
		write(described("/a/1"))
		k.has(t, 6*time.Second, "/a/1", true, 1)
		write(described("/a/2"))
		k.has(t, 6*time.Second, "/a/2", true, 1)
		if k.upstream.count() > 0 {
			t.Error("the upstream was asked")
		}
	})
}

func TestAllDescriptionsTogetherAreBounded(t *testing.T) {
	t.Parallel()
	own, _ := pages(t, console.Calls{})
	synctest.Test(t, func(t *testing.T) {
		k := keep(t, len(own)+200_000)
		long := strings.Replace(described("/a/1"), `"ok"`, `"`+strings.Repeat("<", 100_000)+`"`, 1)
		k.upstream.set(says(long)) // 600,000 bytes with its escapes
		k.SetRoutes(table(t, oneRoute))
		k.run(t)
		k.has(t, time.Second, "/a/1", false, 1)
		if !strings.Contains(k.log.String(), "too large") {
			t.Errorf("the log has\n%s", k.log.String())
		}
	})
}
