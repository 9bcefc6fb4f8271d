package gateway_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestAStoppingGatewayTellsBalancers: for SHUTDOWN_SETTLE it takes new connections, says that it stops, and serves everybody.
func TestAStoppingGatewayTellsBalancers(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr), "SHUTDOWN_SETTLE=5m")
	kept := dial(t, g.addr)
	kept.send("GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if r := kept.must(t, "GET"); r.StatusCode != http.StatusOK || r.Close {
		t.Fatalf("before: got %d, close %t", r.StatusCode, r.Close)
	}
	g.signal(t, syscall.SIGTERM)
	testbed.Eventually(t, "503 at /healthz", func() error {
		conn := dial(t, g.addr)
		conn.send("GET /healthz HTTP/1.0\r\n\r\n")
		r := conn.must(t, "GET")
		if r.StatusCode != http.StatusServiceUnavailable {
			return fmt.Errorf("got %d", r.StatusCode)
		}
		return errors.Join(r.problem(), conn.closed())
	})
	for _, conn := range []*rawConn{kept, dial(t, g.addr)} {
		conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n")
		if r := conn.must(t, "GET"); r.StatusCode != http.StatusOK || !r.Close {
			t.Errorf("a call: got %d, close %t", r.StatusCode, r.Close)
		}
		if err := conn.closed(); err != nil {
			t.Error(err)
		}
	}
	if _, err := fetch(newClient(t), "http://"+g.private+"/livez"); err != nil {
		t.Errorf("/livez: %v", err)
	}
	if _, err := fetch(newClient(t), "http://"+g.private+"/readyz"); err == nil {
		t.Error("/readyz: it is ready")
	}
}

// TestHAProxyFindsTheGatewayHealthy by the check that it makes by default, by /healthz, and no more when the gateway stops.
func TestHAProxyFindsTheGatewayHealthy(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]string{
		"by default":     "option httpchk",
		"the root":       "option httpchk GET /",
		"the health":     "option httpchk GET /healthz",
		"with HTTP/1.1":  "option httpchk\n  http-check send meth OPTIONS uri * ver HTTP/1.1 hdr Host 192.0.2.1 hdr Connection close",
		"with a version": "option httpchk HEAD /healthz HTTP/1.0",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := newRecorder(t, nil)
			g := startGateway(t, public("/c", up.addr), "SHUTDOWN_SETTLE=5m")
			p := startHAProxy(t, "mode http\n  stats enable\n  stats uri /stats",
				"mode http\n  "+check+"\n  server gate GATEWAY check inter 50ms rise 2 fall 2", g.addr)
			p.awaitState(t, "gate", "UP", "L7OK")
			if strings.Contains(check, "healthz") {
				g.signal(t, syscall.SIGTERM)
				p.awaitState(t, "gate", "DOWN", "L7STS")
			}
		})
	}
}

// awaitState waits until HAProxy finds a server in a state, by a check with this result.
func (p *infront) awaitState(t *testing.T, server, state, result string) {
	t.Helper()
	testbed.Eventually(t, "HAProxy finds "+server+" "+state, func() error {
		stats, err := fetch(newClient(t), "http://"+p.addr+"/stats;csv")
		if err != nil {
			return err
		}
		for line := range strings.Lines(stats) {
			if strings.HasPrefix(line, "gate,"+server+",") && strings.Contains(line, ","+state) && strings.Contains(line, result) {
				return nil
			}
		}
		return fmt.Errorf("got %s", stats)
	})
}
