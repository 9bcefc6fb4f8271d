//go:build chaos && unix

package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// TestChaosOneCallAtATimePassesAQuotaByLessThanItsCost: a client calls one of three gateways after the other. The upstream announces
// what each call has cost.
func TestChaosOneCallAtATimePassesAQuotaByLessThanItsCost(t *testing.T) {
	t.Parallel()
	const cost = 7
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Cost", "7") }))
	t.Cleanup(upstream.Close)
	c := cluster.Start(t, cluster.Config{Gateways: 3, Auth: cheap(), Routes: func(string) string {
		return fmt.Sprintf("routes:\n  - {name: root, path: /root, exact: true, upstream: %q, cost_header: X-Cost}\n", upstream.URL)
	}})
	random, operator := rand.New(rand.NewPCG(seed(t), 0)), admin(t, c)
	for i, u := range newUsers(t, c.Gateways[0].URL, 8) {
		u.cost = cost
		quota := int64(60 + 10*i)
		operator.give("")(u, quota)
		var units int64
		testbed.Eventually(t, "the quota to be used up", func() error {
			useUp(t, c, u, random)
			calls, err := u.calls(c.AuthURL)
			if units = cost * calls; err == nil && units < quota {
				err = fmt.Errorf("%d of %d units", units, quota)
			}
			return err
		})
		if units >= quota+cost {
			t.Errorf("%d units passed a quota of %d", units, quota)
		}
	}
}

// useUp calls gateways at random, one call at a time, until 30 calls in turn are refused.
func useUp(t *testing.T, c *cluster.Cluster, u *user, random *rand.Rand) {
	t.Helper()
	for refused := 0; refused < 30; {
		at, err := dial(c.Gateways[random.IntN(len(c.Gateways))].URL)
		if err != nil {
			t.Fatal(err)
		}
		status, err := at.root(u.token)
		_ = at.Close() // nothing is under way
		switch {
		case err != nil:
			t.Fatal(err)
		case status == http.StatusOK:
			refused = 0
		case status == http.StatusTooManyRequests:
			refused++
		default:
			t.Fatalf("got status %d", status)
		}
	}
}
