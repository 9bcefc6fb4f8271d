package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// mayBeUnderWay is how many bytes the buffers of two connections, at both ends, may hold when the reader stops.
const mayBeUnderWay = 48 << 20

// standsStill waits until a counter has not changed for a while.
func standsStill(t *testing.T, what string, counter *atomic.Int64) int64 {
	t.Helper()
	last, since := counter.Load(), time.Now()
	testbed.Eventually(t, what+" to stand still", func() error {
		if now := counter.Load(); now != last || now == 0 {
			last, since = now, time.Now()
		}
		if time.Since(since) < 300*time.Millisecond {
			return fmt.Errorf("%d bytes and growing", last)
		}
		return nil
	})
	return last
}

// TestASlowReader: if a client does not read, the upstream has to stop, and the gateway's memory does not grow.
func TestASlowReader(t *testing.T) {
	t.Parallel()
	var written atomic.Int64
	up := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 1<<16)
		for range 256 << 20 / len(block) {
			n, err := w.Write(block)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	g := startGateway(t, public("/slow", up))
	idle := g.residentBytes(t)
	conn := dial(t, g.addr)
	conn.send("GET /slow HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
	stopped := standsStill(t, "the upstream", &written)
	if stopped > mayBeUnderWay {
		t.Errorf("the upstream has written %d bytes to a client that reads nothing, want it stopped", stopped)
	}
	if held := g.residentBytes(t) - idle; held >= mayHold {
		t.Errorf("the gateway held %d bytes more than when idle", held)
	}
	resp, err := http.ReadResponse(conn.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); n != 256<<20 || err != nil {
		t.Errorf("when the client reads again: got %d bytes (%v), want all", n, err)
	}
}

// TestASlowUpstreamReader: if an upstream does not read, the client has to stop.
func TestASlowUpstreamReader(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		<-read
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n)
	})
	g := startGateway(t, public("/slow", up))
	idle := g.residentBytes(t)
	conn := dial(t, g.addr)
	var written atomic.Int64
	go func() {
		conn.send(fmt.Sprintf("POST /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n", 256<<20))
		block := make([]byte, 1<<16)
		for range 256 << 20 / len(block) {
			n, err := conn.Write(block)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	stopped := standsStill(t, "the client", &written)
	if stopped > mayBeUnderWay {
		t.Errorf("the client has written %d bytes to an upstream that reads nothing, want it stopped", stopped)
	}
	if held := g.residentBytes(t) - idle; held >= mayHold {
		t.Errorf("the gateway held %d bytes more than when idle", held)
	}
	close(read)
	if r := conn.must(t, "POST"); r.StatusCode != 200 || r.body != fmt.Sprint(256<<20) {
		t.Errorf("when the upstream reads: got %d %s, want all", r.StatusCode, r.body)
	}
}

// TestByteByByte sends requests in single bytes. They mean the same.
func TestByteByByte(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, echoTarget)
	g := startGateway(t, public("/c", up.addr))
	conn := dial(t, g.addr)
	if err := conn.Conn.(*net.TCPConn).SetNoDelay(true); err != nil {
		t.Fatal(err)
	}
	for _, b := range []byte("POST /c/%41 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\nGET /c/two HTTP/1.1\r\nHost: a.test\r\n\r\n") {
		conn.send(string(b))
	}
	for _, want := range []string{"/c/A hello", "/c/two "} {
		if r := conn.must(t, "GET"); r.body != want {
			t.Errorf("got %d %q, want %q", r.StatusCode, r.body, want)
		}
	}
	up.canonical(t)
}
