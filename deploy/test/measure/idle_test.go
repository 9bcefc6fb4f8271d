//go:build measure

package measure_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// TestMeasureIdleConnections: what a connection costs the gateway's process on which nothing happens. The figures are of the
// process's resident memory, so they include the collector's garbage.
func TestMeasureIdleConnections(t *testing.T) { //nolint:paralleltest // it measures memory
	upstream := quietUpstream(t)
	cert, key := certificate(t)
	for _, kind := range []struct {
		what     string
		hold     string
		conns    int
		max, tls int64 // KiB
	}{
		{"an idle keep-alive connection", keepAlive, 5000, 8, 24},
		{"an idle event stream", "GET /quiet/events HTTP/1.1\r\nHost: attack\r\nAccept: text/event-stream\r\n\r\n", 2000, 16, 40},
		{"an idle WebSocket", "GET /quiet/ws HTTP/1.1\r\nHost: attack\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 2000, 16, 40},
	} {
		for _, tls := range []bool{false, true} {
			settings, what, maxKiB := []string{"ROUTES_FILE=" + quietRoutes(t, upstream), "MAX_CONNECTIONS=12000"}, kind.what, kind.max
			if tls {
				settings = append(settings, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
				what, maxKiB = kind.what+" over TLS", kind.tls
			}
			t.Run(what, func(t *testing.T) {
				s := start(t, cluster.Config{Gateway: settings})
				each := s.idleBytes(t, attack{
					Addr: s.addr(), TLS: tls, Conns: kind.conns, Ramp: 4 * time.Second, For: 15 * time.Second, Hold: kind.hold,
					From: []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"}, // an address has a share of the connections
				})
				found(t, what, fmt.Sprintf("≤ %d KiB", maxKiB), fmt.Sprintf("%.1f KiB", float64(each)/1024))
				if each > maxKiB<<10 {
					t.Errorf("got %d bytes, want at most %d", each, maxKiB<<10)
				}
			})
		}
	}
}

// idleBytes is the memory that each connection of the attack adds to the gateway.
func (s *system) idleBytes(t *testing.T, a attack) int64 {
	t.Helper()
	gateway := s.Gateways[0]
	rss := func() int64 {
		bytes, err := testbed.ResidentMemory(gateway.PID())
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	before, end := rss(), time.Now().Add(a.For-time.Second)
	wait := a.start(t)
	least, most := int64(0), 0.0
	for tick := time.NewTicker(200 * time.Millisecond); time.Now().Before(end); <-tick.C {
		switch open := gateway.Metric(t, "tallygate_gateway_connections", ""); {
		case open > most:
			most, least = open, rss()
		case open == most:
			least = min(least, rss())
		}
	}
	if seen := wait(); most < float64(a.Conns)*9/10 {
		t.Errorf("only %.0f connections were open: %s", most, seen)
	}
	return int64(float64(least-before) / max(most, 1))
}

// quietUpstream serves event streams and WebSockets on which nothing is sent.
func quietUpstream(t *testing.T) string {
	t.Helper()
	quiet := http.NewServeMux()
	quiet.HandleFunc("/quiet/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(": begins\n\n"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	quiet.HandleFunc("/quiet/ws", func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
		_ = rw.Flush()
		_, _ = rw.ReadByte() // until the client is gone
	})
	return serve(t, quiet)
}

// quietRoutes is a routes file with a public route to the upstream.
func quietRoutes(t *testing.T, upstream string) string {
	t.Helper()
	return routesFile(t, "  - name: quiet\n    path: /quiet\n    upstream: "+upstream+"\n    auth: public\n")
}

// routesFile is a routes file with these entries.
func routesFile(t *testing.T, entries string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "routes.yaml")
	if err := os.WriteFile(file, []byte("routes:\n"+entries), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
