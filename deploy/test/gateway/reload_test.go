package gateway_test

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestARequestUnderWayWhileRoutesAreReloaded: a request waits for its short body, so it has not chosen a replica. A reload
// then replaces the table and stops the upstream. The request still succeeds.
func TestARequestUnderWayWhileRoutesAreReloaded(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	routes := func(i int) string { // another policy is another upstream
		return and(route("up", "/up", []string{up.addr}, "auth: public", fmt.Sprintf("retries: %d", i%2)),
			route("mark", fmt.Sprintf("/mark%d", i), []string{up.addr}, "auth: public"))
	}
	g := startGateway(t, routes(0))
	client := newClient(t)
	for i := 1; i <= 5; i++ {
		var conns []*rawConn
		for range 8 {
			conn := dial(t, g.addr)
			conn.send("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\na")
			conns = append(conns, conn)
		}
		g.write(t, routes(i))
		g.signal(t, syscall.SIGHUP)
		testbed.Eventually(t, "the new table", func() error {
			_, err := fetch(client, g.url(fmt.Sprintf("/mark%d", i)))
			return err
		})
		for _, conn := range conns {
			conn.send("b")
			if r := conn.must(t, "POST"); r.StatusCode != http.StatusOK {
				t.Errorf("reload %d: got %d %s", i, r.StatusCode, r.body)
			}
		}
	}
}
