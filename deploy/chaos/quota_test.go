//go:build chaos && unix

package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

const quota = 2000

func TestChaosAQuotaIsNeverOverrun(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]int{
		"by three gateways": 0,
		"by three gateways of which one dies with its lease": 1,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cluster.Start(t, databases()["PostgreSQL, two of auth-service"])
			users := newUsers(t, c.Gateways[0].URL, 1)
			u := users[0]
			limit(t, c, u)

			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			calls := &load{gateways: c.Gateways}
			var running sync.WaitGroup
			running.Go(func() { calls.run(ctx, []*user{u, u, u}, seed(t)) })
			testbed.Eventually(t, "half of the quota to be used", func() error {
				if seen := u.seen.Load(); seen < quota/2 {
					return fmt.Errorf("%d calls of %d", seen, quota)
				}
				return nil
			})
			for _, gateway := range c.Gateways[:killed] { // for good: what it held comes back all the same
				if err := gateway.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			living := c.Gateways[killed]
			testbed.Eventually(t, "the quota to be used up", func() error {
				counted, err := u.counted(living.URL)
				if err == nil && counted < quota {
					err = fmt.Errorf("%d of %d", counted, quota)
				}
				return err
			})
			t.Logf("used up %v after the half", time.Since(began).Round(time.Millisecond))
			wait(ctx, time.Second) // callers go on: nobody may get through now
			stop()
			running.Wait()

			calls.only(t, http.StatusOK, http.StatusTooManyRequests)
			c.Gateways = c.Gateways[killed:]
			delivered(t, c)
			counted, err := u.counted(c.AuthURL)
			if err != nil || counted != quota {
				t.Errorf("got %d calls counted (%v), want %d", counted, err, quota)
			}
			// A killed gateway may have counted a call of each connection that it has not answered.
			if seen := u.seen.Load(); seen > quota || seen < quota-int64(killed*3*callers) {
				t.Errorf("got %d answers, want %d", seen, quota)
			}
		})
	}
}

// limit has an administrator give the user a quota.
func limit(t *testing.T, c *cluster.Cluster, u *user) {
	t.Helper()
	admin := contract.Credentials{Username: "operator", Password: "correct horse"}
	c.CreateAdmin(t, admin.Username, admin.Password)
	client := contract.NewClient(c.Gateways[0].URL)
	header := http.Header{"Authorization": {client.Token(t, admin)}, "Content-Type": {"application/json"}}
	got, err := client.Do(http.MethodPatch, fmt.Sprintf("/admin/users/%d", u.id), header, fmt.Appendf(nil, `{"monthly_quota":%d}`, quota))
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("set a quota: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
}
