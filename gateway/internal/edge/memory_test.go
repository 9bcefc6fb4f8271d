package edge_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/wire"
)

// TestBeyondTheBudgetStreamsAreRefused: what would hold memory gets 503, and short requests go on.
func TestBeyondTheBudgetStreamsAreRefused(t *testing.T) {
	t.Parallel()
	up := replica(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/a/stream" {
			w.(http.Flusher).Flush()
		}
		_, _ = io.WriteString(w, "ok")
	})
	budget := wire.NewBudget(1 << 20)
	gw := gateWith(t, edge.Config{Budget: budget}, open("/a", up))
	for _, used := range []int{0, 1 << 20, 0} {
		budget.Take(used)
		for name, c := range map[string]struct {
			request string
			refused bool
		}{
			"a short request":      {"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
			"a short body":         {"POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", false},
			"a large head":         {"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + strings.Repeat("x", 5000) + "\r\n\r\n", true},
			"half a body of 8 KiB": {"POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8192\r\n\r\n" + strings.Repeat("x", 8192), true},
			"a long body":          {"POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n" + strings.Repeat("x", 90000), true},
			"a chunked body":       {"POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", true},
			"an event stream":      {"GET /a/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true},
		} {
			response := converse(t, gw, c.request)
			want := "HTTP/1.1 200"
			if c.refused && used > 0 {
				want = "HTTP/1.1 503"
				if !strings.Contains(response, "Retry-After: 1\r\n") || !strings.Contains(response, "/problems/overloaded") {
					t.Errorf("%s: got %.300q", name, response)
				}
			}
			if !strings.HasPrefix(response, want) {
				t.Errorf("%s with %d used: got %.300q, want %s", name, used, response, want)
			}
		}
		budget.GiveBack(used)
	}
	for deadline := time.Now().Add(5 * time.Second); budget.Used() != 0; {
		if time.Now().After(deadline) {
			t.Fatalf("in the end %d bytes are still counted", budget.Used())
		}
	}
}

// TestTheGatewaysLackOfMemoryIsNoFaultOfTheReplica: it is not ejected for heads that the gateway cannot hold.
func TestTheGatewaysLackOfMemoryIsNoFaultOfTheReplica(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	budget := wire.NewBudget(limit)
	gw := gateWith(t, edge.Config{Budget: budget}, open("/a", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 20_000))
	})))
	const get = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	budget.Take(limit)
	for range 20 {
		if got := converse(t, gw, get); !strings.HasPrefix(got, "HTTP/1.1 503 ") || !strings.Contains(got, "/problems/overloaded") {
			t.Fatalf("without memory: got %.300q", got)
		}
	}
	budget.GiveBack(limit)
	if got := converse(t, gw, get); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("with memory: got %.300q", got)
	}
}

// TestAStreamIsCountedWithItsHead: a client cannot have heads kept in memory that nobody counts.
func TestAStreamIsCountedWithItsHead(t *testing.T) {
	t.Parallel()
	const connection, stream = 8 << 10, 8 << 10
	budget := wire.NewBudget(1 << 20)
	gw := gateWith(t, edge.Config{Budget: budget}, open("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})))
	c, r := dial(t, gw)
	request := "GET /a HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 12_000) + "\r\n\r\n"
	send(t, c, request)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	want := int64(connection + stream + len(request))
	for deadline := time.After(5 * time.Second); budget.Used() != want; {
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			t.Fatalf("%d bytes are counted, want %d", budget.Used(), want)
		}
	}
}

// converse sends a request and returns all that comes back.
func converse(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, request) // the response may come before the end
	response, _ := io.ReadAll(conn)
	return string(response)
}
