package upstream_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/upstream"
)

func TestTheCheckAsksAndJudgesAsItIsTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		check  upstream.Check
		status int
		host   string // empty: the replica's address
		good   bool
	}{
		"200":                         {upstream.Check{}, 200, "", true},
		"299":                         {upstream.Check{}, 299, "", true},
		"a redirect":                  {upstream.Check{}, 302, "", false},
		"an error":                    {upstream.Check{}, 500, "", false},
		"a redirect that is good":     {upstream.Check{Status: [][2]int{{200, 399}}}, 302, "", true},
		"one of several ranges":       {upstream.Check{Status: [][2]int{{204, 204}, {401, 401}}}, 401, "", true},
		"none of several ranges":      {upstream.Check{Status: [][2]int{{204, 204}, {401, 401}}}, 200, "", false},
		"for a host of its own":       {upstream.Check{Host: "files.example:81"}, 200, "files.example:81", true},
		"with another time and count": {upstream.Check{Interval: 100 * time.Millisecond, Timeout: time.Second, Failures: 1}, 503, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			hosts := make(chan string, 1)
			up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					hosts <- r.Host
				}
				if r.URL.Path == "/livez" {
					w.WriteHeader(test.status)
				}
			}))
			t.Cleanup(up.Close)
			addr := up.Listener.Addr().String()
			u := start(t, upstream.Spec{Addresses: []string{addr}, Health: "/livez", Check: test.check})
			want := test.host
			if want == "" {
				want = addr
			}
			if got := <-hosts; got != want {
				t.Errorf("asked for the host %s, want %s", got, want)
			}
			until(t, "judged", func() bool { return asked.Load() >= 3 && u.Replicas()[addr] == test.good })
		})
	}
}

func TestFewerFailuresInARowThanAreNamedAreNone(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]bool{3: false, 2: true} {
		var asked atomic.Int64
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1)%3 != 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		t.Cleanup(up.Close)
		var log logged
		u := startIn(t, upstream.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, upstream.Spec{
			Addresses: []string{up.Listener.Addr().String()}, Health: "/", Check: upstream.Check{Interval: 100 * time.Millisecond, Failures: failures},
		})
		until(t, "checked three times", func() bool { return asked.Load() >= 9 })
		u.Stop()
		if got := log.with("replica is unhealthy") > 0; got != want {
			t.Errorf("with %d failures: found unhealthy: %t", failures, got)
		}
	}
}
