package gateway_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// holding is how many clients hold what is measured.
const holding = 500

// held says what a client does that then waits, and how much memory of the gateway it may hold meanwhile: both sides of the gateway
// together.
type held struct {
	send       string
	plain, tls int64
	// responds: the gateway responds before the client waits.
	responds bool
}

// upstreamTLS is what TLS to the upstream may hold beside: what it is counted with, and some of what the handshake has left for the
// collector.
const upstreamTLS = 38 << 10

// TestWhatAWaitingClientHolds measures the gateway's memory for each kind of client that has begun something and waits. The bounds leave
// a fifth or more for what the collector has not collected yet.
func TestWhatAWaitingClientHolds(t *testing.T) { //nolint:paralleltest // it takes many files and most of the processor
	const kib = 1 << 10
	up := listen(t, holdOn)
	body := strings.Repeat("x", 8<<10)
	for name, h := range map[string]held{
		"an idle connection":           {"GET /c/short HTTP/1.1\r\nHost: a.test\r\n\r\n", 12 * kib, 24 * kib, true},
		"an event stream":              {"GET /c/events HTTP/1.1\r\nHost: a.test\r\n\r\n", 16 * kib, 40 * kib, true},
		"a WebSocket":                  {"GET /c/ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 18 * kib, 40 * kib, true},
		"a request without a response": {"GET /c/never HTTP/1.1\r\nHost: a.test\r\n\r\n", 30 * kib, 54 * kib, false},
		"half a short body":            {"POST /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 12000\r\n\r\n" + body, 36 * kib, 76 * kib, false},
		"half a long body":             {"POST /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 90112\r\n\r\n" + body, 42 * kib, 62 * kib, false},
	} {
		for _, over := range []string{"TCP", "TLS"} {
			t.Run(name+" over "+over, func(t *testing.T) {
				measureHeld(t, up, over == "TLS", h)
			})
		}
	}
}

// holdOn responds to one request with the beginning of what the path names, and then says nothing.
func holdOn(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 1024)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		switch r.URL.Path {
		case "/c/short":
			_, _ = io.WriteString(conn, okResponse)
			continue
		case "/c/events":
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n")
		case "/c/ws":
			_, _ = io.WriteString(conn, upgraded)
		}
		_, _ = io.Copy(io.Discard, in)
		return
	}
}

func measureHeld(t *testing.T, up string, secure bool, h held) {
	t.Helper()
	var settings []string
	may := h.plain
	if secure {
		cert, key := certify(t, t.TempDir(), 1)
		settings, may = []string{"TLS_CERT_FILE=" + cert, "TLS_KEY_FILE=" + key}, h.tls
	}
	if authority != nil && !strings.HasPrefix(h.send, "GET /c/short") {
		may += upstreamTLS
	}
	g := startGateway(t, public("/c", up), settings...)
	hold := func() {
		conn, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if secure {
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
		}
		if _, err := io.WriteString(conn, h.send); err != nil {
			t.Fatal(err)
		}
		if h.responds {
			if _, err := conn.Read(make([]byte, 4096)); err != nil {
				t.Fatal(err)
			}
		}
	}
	settled := func() (bytes int64) {
		last := time.Now()
		testbed.Eventually(t, "the memory to stand still", func() error {
			if now := g.residentBytes(t); now > bytes+bytes/256 {
				bytes, last = now, time.Now()
			}
			if time.Since(last) < 300*time.Millisecond {
				return errors.New("it grows")
			}
			return nil
		})
		return bytes
	}
	for range holding / 10 {
		hold()
	}
	before := settled()
	for range holding {
		hold()
	}
	each := (settled() - before) / holding
	t.Logf("figure: %s bytes", fmt.Sprint(each))
	if each > may {
		t.Errorf("got %d bytes, want at most %d", each, may)
	}
}
