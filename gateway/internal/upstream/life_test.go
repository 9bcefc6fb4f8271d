package upstream_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"

	"tallygate/gateway/internal/upstream"
)

// quiet accepts connections and never responds.
func quiet(t *testing.T) string {
	t.Helper()
	return acceptor(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
}

// TestWhatASilentReplicaLoses: only requests that can be sent elsewhere, only if somebody responds there, and only if the replica
// shows no sign of life.
func TestWhatASilentReplicaLoses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name         string
		alone        bool
		otherIsQuiet bool
		movable      bool
		sign         string // what happens during the check
		want         bool
	}{
		{name: "a request that can be sent elsewhere", movable: true, want: true},
		{name: "a request that cannot"},
		{name: "the only replica", alone: true, movable: true},
		{name: "all are silent", otherIsQuiet: true, movable: true},
		{name: "a response begins", movable: true, sign: "begins"},
		{name: "a response goes on", movable: true, sign: "goes on"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.sign == "goes on" && runtime.GOOS != "linux" {
				t.Skip("only Linux says how much has come on a connection")
			}
			more := make(chan struct{})
			silent := acceptor(t, func(c net.Conn) {
				<-more
				_, _ = io.WriteString(c, "more")
				_, _ = io.Copy(io.Discard, c)
			})
			addrs := []string{silent}
			switch {
			case test.otherIsQuiet:
				addrs = append(addrs, quiet(t))
			case !test.alone:
				addrs = append(addrs, servers(t, 1)...)
			}
			u := startUnchecked(t, upstream.Spec{Addresses: addrs, Health: "/livez", Check: upstream.Check{Status: [][2]int{{404, 404}}}})
			stopped, err := u.Wait(silent, test.movable)
			if err != nil {
				t.Fatal(err)
			}
			during := func() {}
			switch test.sign {
			case "begins":
				during = func() { u.Succeed(silent) }
			case "goes on":
				goesOn, err := u.Stream(silent)
				if err != nil {
					t.Fatal(err)
				}
				during = func() {
					close(more)
					until(t, "more has come", goesOn)
				}
			}
			u.FindSilent(silent, during)
			if stopped() != test.want {
				t.Errorf("broken off: %t, want %t", stopped(), test.want)
			}
		})
	}
}

// TestASilentReplicaIsAskedOnce: it would have to answer every further probe when it is free again.
func TestASilentReplicaIsAskedOnce(t *testing.T) {
	t.Parallel()
	var asked, steady atomic.Int64
	silent := acceptor(t, func(c net.Conn) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, c)
	})
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { steady.Add(1) }))
	t.Cleanup(other.Close)
	u := start(t, upstream.Spec{Addresses: []string{silent, other.Listener.Addr().String()}, Health: "/livez"})
	until(t, "found unhealthy", func() bool { return !u.Replicas()[silent] })
	before := steady.Load()
	until(t, "another second or two", func() bool { return steady.Load() >= before+2 })
	if got := asked.Load(); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}

// TestASilentReplicaIsUsedAgainAsSoonAsItAnswers: the answer to a probe that was given up long ago counts.
func TestASilentReplicaIsUsedAgainAsSoonAsItAnswers(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-free }))
	t.Cleanup(up.Close)
	addr := up.Listener.Addr().String()
	u := start(t, upstream.Spec{Addresses: []string{addr}, Health: "/livez"})
	until(t, "found unhealthy", func() bool { return !u.Replicas()[addr] })
	close(free)
	until(t, "found healthy", func() bool { return u.Replicas()[addr] })
}

func TestACheckThatIsProbablyWrongIsNamedOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		status    int // of the last replica's check; 0: it hangs up
		succeeded int // the status of a call
		want      int // lines
	}{
		{"calls succeed", 404, 200, 1},
		{"calls are redirected", 404, 302, 1},
		{"calls fail, too", 404, 500, 0},
		{"there are no calls", 404, 0, 0},
		{"one replica is healthy", 200, 200, 0},
		{"one replica does not respond", 0, 200, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log logged
			wrong := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(wrong.Close)
			last := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if test.status == 0 {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(test.status)
			}))
			t.Cleanup(last.Close)
			first := wrong.Listener.Addr().String()
			u := startIn(t, upstream.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, upstream.Spec{
				Addresses: []string{first, last.Listener.Addr().String()}, Health: "/livez",
			})
			u.NameRoutes([]string{"files", "notes"})
			until(t, "found unhealthy", func() bool { return !u.Replicas()[first] })
			if test.succeeded != 0 {
				u.Respond(first, test.succeeded)
			}
			for range 3 {
				u.CheckNow()
			}
			const text = "is its path right?"
			if got := log.with(text); got != test.want {
				t.Errorf("got %d lines, want %d: %q", got, test.want, log.lines)
			}
			if test.want > 0 && log.with(`routes="[files notes]" path=/livez status="404 Not Found"`) != 1 {
				t.Errorf("got %q", log.lines)
			}
		})
	}
}
