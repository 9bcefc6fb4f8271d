package edge_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// poisoned is an upstream that keeps its connections, except when it gets the request that kills: it counts that, and
// breaks off. The first warm requests get their responses together, so that as many connections are kept.
func poisoned(t *testing.T, kills string, warm int) (addr string, seen *atomic.Int64) {
	t.Helper()
	seen = new(atomic.Int64)
	var arrived sync.WaitGroup
	arrived.Add(warm)
	addr = rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if req.Method == kills && req.URL.Query().Has("kill") {
				seen.Add(1)
				return
			}
			if warm > 0 {
				arrived.Done()
				arrived.Wait()
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	return addr, seen
}

func TestAKeptConnectionThatBreaksCostsOneTryMoreAtMost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method  string
		retries int
		most    int64
	}{
		{"GET", 0, 2}, {"GET", 1, 3}, {"DELETE", 0, 1}, {"DELETE", 1, 2}, {"PUT", 2, 3}, {"POST", 5, 1},
	} {
		t.Run(test.method, func(t *testing.T) {
			t.Parallel()
			const warm = 40
			addr, seen := poisoned(t, test.method, warm)
			route := open("/a", addr)
			route.Retries = test.retries
			gw := gate(t, route)
			var warming sync.WaitGroup
			for range warm {
				warming.Go(func() { call(t, gw, getA) })
			}
			warming.Wait()
			resp, body := call(t, gw, test.method+" /a?kill HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
			if resp.StatusCode != 502 {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
			if got := seen.Load(); got < 1 || got > test.most {
				t.Errorf("with %d retries: seen %d times, want at most %d", test.retries, got, test.most)
			}
		})
	}
}

// What may have been carried out is sent again within the budget, also if it went on a kept connection.
func TestAnUpstreamThatBreaksOffGetsNoMoreThanTheBudget(t *testing.T) {
	t.Parallel()
	const calls = 1000
	addr, seen := poisoned(t, "DELETE", 0)
	gw := gate(t, open("/a", addr))
	c, r := dial(t, gw)
	for range calls {
		send(t, c, getA) // leaves a connection behind, on which the next one breaks
		response(t, r, "GET")
		send(t, c, "DELETE /a?kill HTTP/1.1\r\nHost: a\r\n\r\n")
		response(t, r, "DELETE")
	}
	// One in five of the requests that the upstream saw, and a hundred.
	if most := calls + (calls+seen.Load())/5 + 100 + 1; seen.Load() > most {
		t.Errorf("seen %d times, want at most %d for %d calls", seen.Load(), most, calls)
	}
}

// A replica that hangs may hold more requests than the budget allows to be sent again at once.
func TestAllThatAHungReplicaHoldsIsSentToAnother(t *testing.T) {
	t.Parallel()
	const clients = 300
	var hanging atomic.Bool
	var held atomic.Int64
	hang := make(chan struct{})
	hung := replica(t, func(w http.ResponseWriter, r *http.Request) {
		if hanging.Load() {
			held.Add(1)
			<-hang
		}
		named("hung")(w, r)
	})
	t.Cleanup(func() { close(hang) })
	a := open("/a", hung, replica(t, named("healthy")))
	a.Health, a.Retries = "/health", 0
	a.Timeouts.FirstByte = 20 * time.Second
	gw := gate(t, a)
	hanging.Store(true)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			if resp, body := call(t, gw, getA); resp.StatusCode != 200 || body != "healthy" {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
		})
	}
	all.Wait()
	t.Logf("it held %d of %d", held.Load(), clients)
}
