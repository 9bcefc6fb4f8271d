package edge_test

import (
	"bufio"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/kit/problem"
)

func TestWhoseShareAConnectionCountsTowards(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:f::/48")}
	for peer, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"192.0.2.2":            "192.0.2.2",
		"2001:db8::1":          "2001:db8::",
		"2001:db8::ffff:1:2:3": "2001:db8::",
		"2001:db8:0:1::1":      "2001:db8:0:1::",
		"10.1.2.3":             "", // trusted
		"2001:db8:f::1":        "", // trusted
	} {
		if got := edge.Holder(trusted, netip.MustParseAddr(peer)); got != want {
			t.Errorf("%s: got %q, want %q", peer, got, want)
		}
	}
}

// kept is a connection that has had a response, and rests.
func kept(t *testing.T, gw string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, r := dial(t, gw)
	ask(t, c, r)
	return c, r
}

func ask(t *testing.T, c net.Conn, r *bufio.Reader) {
	t.Helper()
	send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	if resp, _ := response(t, r, "GET"); resp.StatusCode != 200 {
		t.Fatalf("got %d", resp.StatusCode)
	}
}

func TestTheLongestRestingMakesRoom(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 5, 16, 17, 33, 1000} {
		states := make([]int64, n)
		var want []int
		for i, at := range rand.Perm(n) {
			states[i] = int64(at + 1)
		}
		for at := range n {
			want = append(want, slices.Index(states, int64(at+1)))
		}
		busy := n / 3
		states[want[busy]] = edge.Busy
		want = slices.Delete(want, busy, busy+1)
		if n > 4 { // the first one has not sent its first request: it is the last to make room
			states[want[0]] |= edge.Unbegun
			want = append(want[1:], want[0])
		}
		if got := edge.Evictions(states); !slices.Equal(got, want) {
			t.Errorf("of %d: got %v, want %v", n, got, want)
		}
	}
}

// TestASearchForWhoRestsIsSeldom: where nothing rests, not every client that comes costs a look at all connections.
func TestASearchForWhoRestsIsSeldom(t *testing.T) {
	t.Parallel()
	const clients = 2000
	busy := make([]int64, 5000)
	if got := edge.Searches(busy, clients); got > clients/4 {
		t.Errorf("got %d searches for %d clients", got, clients)
	}
}

func TestAConnectionWithARequestInFlightMakesNoRoom(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}), make(chan struct{})
	gw := gateWith(t, edge.Config{MaxConnections: 2}, open("/a", replica(t, func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-end
	})))
	var ins []*bufio.Reader
	for range 2 {
		c, r := dial(t, gw)
		send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		<-begun
		ins = append(ins, r)
	}
	for _, method := range []string{"GET", "HEAD"} {
		resp, body := call(t, gw, method+" /a HTTP/1.1\r\nHost: a\r\n\r\n")
		want := string(problem.New(503, "too-many-connections", "The gateway has as many connections open as it can; try again soon.").Body())
		if method == "HEAD" {
			want = ""
		}
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "2" || !resp.Close || body != want {
			t.Errorf("%s: got %d, Retry-After %s, closed %t, %s", method, resp.StatusCode, resp.Header.Get("Retry-After"), resp.Close, body)
		}
	}
	close(end)
	for _, r := range ins {
		if resp, _ := response(t, r, "GET"); resp.StatusCode != 200 {
			t.Errorf("a request in flight: got %d", resp.StatusCode)
		}
	}
}

func TestARefusedClientGetsItsResponseWhateverItSends(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{ConnectionsPerAddress: 1}, open("/a", replica(t, echo)))
	kept(t, gw)
	for name, text := range map[string]string{
		"nothing":      "",
		"half a head":  "GET /a HTTP/1.1\r\nHo",
		"a long body":  "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + strings.Repeat("x", 500_000),
		"no HTTP":      "\x16\x03\x01",
		"one too many": "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		c, r := dial(t, gw)
		send(t, c, text)
		resp, body := response(t, r, "GET")
		if resp.StatusCode != 503 || !strings.Contains(body, "Your address has as many connections") || resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: got %d %s", name, resp.StatusCode, body)
		}
		if !closed(r) {
			t.Errorf("%s: the connection stays open", name)
		}
	}
}

func TestAClosedConnectionGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{MaxConnections: 3, ConnectionsPerAddress: 2}, open("/a", replica(t, echo)))
	for range 20 {
		// The gateway may see the end of the one before a moment later.
		for deadline := time.Now().Add(15 * time.Second); ; {
			c, r := dial(t, gw)
			send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
			resp, _ := response(t, r, "GET")
			c.Close()
			if resp.StatusCode == 200 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("no place comes back")
			}
		}
	}
}

// TestHalfAHeadMakesRoom: clients that begin a request and do not go on cannot keep others out.
func TestHalfAHeadMakesRoom(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{MaxConnections: 2}, open("/a", replica(t, func(http.ResponseWriter, *http.Request) {})))
	for _, path := range []string{"first", "second"} {
		c, _ := dial(t, gw)
		send(t, c, "GET /"+path+" HTTP/1.1\r\nHost:")
	}
	for range 5 {
		resp, body := call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		for tries := 0; resp.StatusCode == http.StatusServiceUnavailable && tries < 50; tries++ {
			// Both connections are those of calls before, which have their responses and do not rest yet.
			resp, body = call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		}
		if resp.StatusCode != 200 {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
	}
	slow, in := dial(t, gw)
	send(t, slow, "GET /a HTTP/1.1\r\nHost:")
	send(t, slow, " a\r\n\r\n")
	if resp, _ := response(t, in, "GET"); resp.StatusCode != 200 {
		t.Errorf("a head in two pieces: got %d", resp.StatusCode)
	}
}
