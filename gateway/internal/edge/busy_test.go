package edge_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/route"
)

// oneWorker is a server that answers one connection after the other, as python3 -m http.server does. Its work takes a while.
type oneWorker struct {
	work time.Duration

	mu    sync.Mutex
	begun map[string]int // requests by method
}

// serve accepts at several addresses, which are all the same worker.
func (o *oneWorker) serve(t *testing.T, addrs int) (all []string) {
	t.Helper()
	o.begun = map[string]int{}
	accepted := make(chan net.Conn)
	for range addrs {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		all = append(all, l.Addr().String())
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				accepted <- c
			}
		}()
	}
	go func() {
		for c := range accepted {
			o.answer(c)
			c.Close()
		}
	}()
	return all
}

func (o *oneWorker) answer(c net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, req.Body)
	if req.URL.Path != "/livez" {
		o.mu.Lock()
		o.begun[req.Method]++
		o.mu.Unlock()
		time.Sleep(o.work) // this is the work
	}
	_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ndone")
}

func (o *oneWorker) count(method string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.begun[method]
}

// checkedFast is a route whose replicas are found silent long before their work is done.
func checkedFast(upstreams ...string) *route.Route {
	r := open("/a", upstreams...)
	r.Health = "/livez"
	r.Check = route.Check{Interval: 100 * time.Millisecond, Timeout: 100 * time.Millisecond}
	return r
}

// TestABusyReplicaFinishesItsWork: its health page waits behind a request, which goes on. All addresses of one worker fall silent
// together.
func TestABusyReplicaFinishesItsWork(t *testing.T) {
	t.Parallel()
	for name, addrs := range map[string]int{"one address": 1, "two addresses of one worker": 2, "three addresses of one worker": 3} {
		for _, request := range []string{
			"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok",
			"PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
			"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
		} {
			method, _, _ := strings.Cut(request, " ")
			t.Run(method+" to "+name, func(t *testing.T) {
				t.Parallel()
				worker := &oneWorker{work: 1500 * time.Millisecond}
				gw := gate(t, checkedFast(worker.serve(t, addrs)...))
				if resp, body := call(t, gw, request); resp.StatusCode != 200 || body != "done" {
					t.Errorf("got %d %s", resp.StatusCode, body)
				}
				if got := worker.count(method); got != 1 {
					t.Errorf("begun %d times, want once", got)
				}
			})
		}
	}
}

// TestWorkIsMovedOnceAtMost: beside a busy worker there are others, which respond. What can be done twice may be taken for lost
// once, and anything else never.
func TestWorkIsMovedOnceAtMost(t *testing.T) {
	t.Parallel()
	for request, most := range map[string]int{
		"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok": 1,
		"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok":  2,
		"GET /a HTTP/1.1\r\nHost: x\r\n\r\n":                         2,
	} {
		method, _, _ := strings.Cut(request, " ")
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var workers []*oneWorker
			var addrs []string
			for range 4 {
				worker := &oneWorker{work: 1500 * time.Millisecond}
				workers = append(workers, worker)
				addrs = append(addrs, worker.serve(t, 1)...)
			}
			r := checkedFast(addrs...)
			r.Retries = 5
			if resp, body := call(t, gate(t, r), request); resp.StatusCode != 200 || body != "done" {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
			begun := 0
			for _, worker := range workers {
				begun += worker.count(method)
			}
			if begun == 0 || begun > most {
				t.Errorf("begun %d times, want at most %d", begun, most)
			}
		})
	}
}
