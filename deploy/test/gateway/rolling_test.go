package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestRollingRestartsBehindHAProxy: two gateways are restarted in turns, ten times, as docs/balancers.md says, under load. No call
// fails, nor is one made twice.
func TestRollingRestartsBehindHAProxy(t *testing.T) {
	t.Parallel()
	var carriedOut atomic.Int64
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		carriedOut.Add(1)
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Errorf("the upstream reads a body: %v", err)
		}
	})
	servers := map[string]*gateway{}
	for _, name := range []string{"a", "b"} {
		servers[name] = startGateway(t, public("/c", up), "SHUTDOWN_SETTLE=2s")
	}
	check := "option httpchk GET /healthz\n  default-server check inter 50ms rise 2 fall 2\n"
	backend := fmt.Sprintf("mode http\n  %s  server a %s\n  server b %s", check, servers["a"].addr, servers["b"].addr)
	p := startHAProxy(t, "mode http\n  stats enable\n  stats uri /stats", backend, "")
	for name := range servers {
		p.awaitState(t, name, "UP", "L7OK")
	}
	url := "http://" + p.addr + "/c"
	stops := []func() (int, []error){
		load(t, url, 4),
		loadWith(t, 4, func(client *http.Client) error { return echo(client, url) }),
		loadWith(t, 2, func(client *http.Client) error {
			defer client.CloseIdleConnections()
			return echo(client, url)
		}),
	}
	for i := range 10 {
		name := []string{"a", "b"}[i%2]
		p.restart(t, name, servers[name])
	}
	var made int64
	for _, stop := range stops {
		calls, failures := stop()
		if made += int64(calls); calls < 100 || len(failures) > 0 {
			t.Errorf("%d calls, %d failures: %v", calls, len(failures), failures[:min(len(failures), 3)])
		}
	}
	if got := carriedOut.Load(); got != made {
		t.Errorf("the upstream got %d of %d calls", got, made)
	}
}

// echo sends a body and wants it back.
func echo(client *http.Client, url string) error {
	const body = "not to be sent twice"
	resp, err := client.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || string(got) != body) {
		err = fmt.Errorf("%d %q", resp.StatusCode, got)
	}
	return err
}
