package edge_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/upstream"
)

// become waits until the state is as wanted.
func become(t *testing.T, s *edge.Server, what string, ok func(edge.State) bool) {
	t.Helper()
	state := s.State()
	for deadline := time.Now().Add(10 * time.Second); !ok(state); state = s.State() {
		if time.Now().After(deadline) {
			t.Fatalf("still not %s: %+v", what, state)
		}
	}
}

func TestTheStateHasTheConnectionsAndWhatIsInFlight(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	s, gw := serverWith(t, edge.Config{}, upstream.Config{}, open("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a/stream" {
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
		}
		if r.URL.Path != "/a" {
			<-over
		}
	})))
	become(t, s, "idle", func(s edge.State) bool { return s.Connections == 0 })
	resting, r := dial(t, gw)
	send(t, resting, getA)
	response(t, r, "GET")
	waiting, _ := dial(t, gw)
	send(t, waiting, "GET /a/wait HTTP/1.1\r\nHost: a\r\n\r\n")
	streaming, streamed := dial(t, gw)
	send(t, streaming, "GET /a/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	become(t, s, "busy", func(s edge.State) bool { return s.Connections == 3 && s.InFlight == 2 && s.Streams == 1 })
	close(over)
	if _, err := io.Copy(io.Discard, streamed); err != nil {
		t.Fatal(err)
	}
	become(t, s, "at rest", func(s edge.State) bool { return s.Connections == 2 && s.InFlight == 0 && s.Streams == 0 })
}

func TestTheStateHasTheCallsOfEachRoute(t *testing.T) {
	t.Parallel()
	answers := replica(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/a/"))
		w.WriteHeader(max(status, 200))
	})
	s, gw := serverWith(t, edge.Config{}, upstream.Config{}, open("/a", answers), open("/b", answers), locked("/c", answers))
	for _, path := range []string{"/a", "/a/404", "/a/429", "/a/429", "/a/500", "/a/503", "/a/403", "/b", "/c", "/nowhere"} {
		call(t, gw, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	become(t, s, "counted", func(s edge.State) bool { return s.Calls.All == 10 })
	state := s.State()
	if c := state.Calls; c.RateLimited != 2 || c.ServerErrors != 2 || sumOf(c.Durations) != 6 {
		t.Errorf("all routes: got %+v", c)
	}
	for i, want := range []struct {
		name                        string
		all, limited, errors, timed uint64
	}{{"r-a", 7, 2, 2, 4}, {"r-b", 1, 0, 0, 1}, {"r-c", 1, 0, 0, 0}} {
		r := state.Routes[i]
		if c := r.Calls; r.Name != want.name || c.All != want.all || c.RateLimited != want.limited || c.ServerErrors != want.errors || sumOf(c.Durations) != want.timed {
			t.Errorf("got %+v, want %+v", r, want)
		}
	}
}

func sumOf(counts []uint64) (sum uint64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

func TestTheStateSaysHowRequestsFailedAtAReplica(t *testing.T) {
	t.Parallel()
	silent := rawReplica(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	late := open("/late", silent)
	late.Timeouts.FirstByte = 30 * time.Millisecond
	nothing := rawReplica(t, func(_ net.Conn, r *bufio.Reader) { _, _ = http.ReadRequest(r) })
	wrong := rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
		}
	})
	s, gw := serverWith(t, edge.Config{}, upstream.Config{}, late, open("/nothing", nothing), open("/wrong", wrong))
	for i, want := range []string{
		"the upstream has not responded in time",
		"The upstream closed the connection before the response began.",
		"Content-Length is malformed, or there are several.",
	} {
		path := s.State().Routes[i].Name[1:]
		var got upstream.ReplicaState
		for n := 0; n < 100 && got.Health != upstream.Ejected; n++ {
			call(t, gw, "POST /"+path[1:]+" HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
			got = s.State().Routes[i].Replicas[0]
		}
		reason := &upstream.Reason{Code: upstream.RequestsFailed, Message: want}
		if got.Health != upstream.Ejected || !reflect.DeepEqual(got.Reason, reason) {
			t.Errorf("%s: got %+v, %+v, want ejected: %+v", path, got, got.Reason, reason)
		}
	}
}
