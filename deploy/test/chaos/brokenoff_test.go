//go:build chaos && unix

package chaos_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// TestChaosNothingStaysReservedForCallsThatBreakOff: the upstream breaks off in every second of 10,000 responses. Each of these
// calls is counted, and what it costs. Then the rest of the quota is used up: none of it is missing.
func TestChaosNothingStaysReservedForCallsThatBreakOff(t *testing.T) {
	t.Parallel()
	const cost, calls, quota = 2, 10_000, 24_000
	for name, route := range map[string]string{"a fixed cost": "cost: 2", "an announced cost": "cost_header: X-Cost"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstream := breaksOff(t)
			c := cluster.Start(t, cluster.Config{Gateways: 3, Auth: cheap(), Routes: func(string) string {
				return fmt.Sprintf("routes:\n  - {name: root, path: /root, exact: true, upstream: %q, %s}\n", "http://"+upstream, route)
			}})
			u := newUsers(t, c.Gateways[0].URL, 1)[0]
			u.cost = cost
			admin(t, c).give("")(u, quota)

			refused := callBrokenOff(t, c, u, calls)
			if refused > 0 {
				t.Errorf("%d of the first %d calls were refused", refused, calls)
			}
			if counted := counts(t, u, c, calls); counted != calls {
				t.Errorf("%d calls counted, want %d", counted, calls)
			}
			inFlight := int64(0)
			if name == "an announced cost" {
				inFlight = int64(len(c.Gateways) * callers)
			}
			testbed.Eventually(t, "the quota to be used up", func() error {
				callBrokenOff(t, c, u, 600)
				counted, err := u.calls(c.AuthURL)
				if err == nil && counted < quota/cost {
					err = fmt.Errorf("%d calls counted", counted)
				}
				return err
			})
			if counted := counts(t, u, c, quota/cost); counted < quota/cost || counted > quota/cost+inFlight {
				t.Errorf("%d calls counted, want %d, and at most %d more that were in flight", counted, quota/cost, inFlight)
			}
		})
	}
}

// counts waits until so many calls are counted, and returns how many are.
func counts(t *testing.T, u *user, c *cluster.Cluster, want int64) (counted int64) {
	t.Helper()
	testbed.Eventually(t, "the calls to be delivered", func() (err error) {
		if counted, err = u.calls(c.AuthURL); err == nil && counted < want {
			err = fmt.Errorf("%d of %d calls", counted, want)
		}
		return err
	})
	return counted
}

// callBrokenOff makes calls by all gateways and returns how many were refused.
func callBrokenOff(t *testing.T, c *cluster.Cluster, u *user, calls int64) int64 {
	t.Helper()
	var refused, made atomic.Int64
	var running sync.WaitGroup
	for _, gateway := range c.Gateways {
		for range callers {
			running.Go(func() {
				var at *conn
				for made.Add(1) <= calls {
					if at == nil {
						var err error
						if at, err = dial(gateway.URL); err != nil {
							t.Error(err)
							return
						}
					}
					status, err := at.root(u.token)
					switch {
					case err != nil:
						_ = at.Close() // it has failed already
						at = nil
					case status == http.StatusTooManyRequests:
						refused.Add(1)
					case status != http.StatusOK:
						t.Errorf("got status %d", status)
					}
				}
			})
		}
	}
	running.Wait()
	return refused.Load()
}

// breaksOff is an upstream that breaks off in every second response.
func breaksOff(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	t.Cleanup(func() { stop(); _ = listener.Close(); serving.Wait() })
	var requests atomic.Int64
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Now()) })()
				r := bufio.NewReader(c)
				for {
					request, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_ = request.Body.Close()
					broken := requests.Add(1)%2 == 0
					body := "whole"
					if broken {
						body = "ha"
					}
					if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Cost: 2\r\nContent-Length: 5\r\n\r\n"+body); err != nil || broken {
						return
					}
				}
			})
		}
	})
	return listener.Addr().String()
}
