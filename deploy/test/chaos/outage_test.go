//go:build chaos && unix

package chaos_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"tallygate/deploy/internal/cluster"
)

// How much disk a gateway's counts take while they cannot be delivered, by the documentation of the gateway's meter.
const (
	bytesPerRow = 64
	bytesBeside = 2.3 * (1 << 20)
)

// TestChaosAuthServiceAwayLosesNothing kills auth-service while many users call, and then every gateway too. Until all
// are started again, the counts are on disk only. There is one row for each user and hour, however many calls there are,
// so a short outage with many calls takes as much room as a long one.
func TestChaosAuthServiceAwayLosesNothing(t *testing.T) {
	t.Parallel()
	cfg := databases()["PostgreSQL, two of auth-service"]
	c := cluster.Start(t, cfg)
	users := newUsers(t, c.Gateways[0].URL, 100)
	for _, u := range users {
		for _, gateway := range c.Gateways { // without auth-service, a gateway lets only users through that it knows
			first, err := dial(gateway.URL)
			if err != nil {
				t.Fatal(err)
			}
			u.ways[0].sent.Add(1)
			if status, err := first.root(u.token); err != nil || status != http.StatusOK {
				t.Fatalf("got %d (%v), want 200", status, err)
			}
			u.ways[0].seen.Add(1)
			_ = first.Close() // nothing is under way
		}
	}
	for _, auth := range c.Auths {
		if err := auth.Kill(); err != nil {
			t.Fatal(err)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), duration(t)/3)
	defer cancel()
	calls := &load{gateways: c.Gateways}
	calls.run(ctx, users, seed(t))
	calls.only(t, http.StatusOK)
	disk, most := diskBytes(t, c), int64(float64(len(c.Gateways))*(float64(len(users))*bytesPerRow+bytesBeside))
	if disk > most {
		t.Errorf("got %d bytes in STATE_DIR, want at most %d", disk, most)
	}
	t.Logf("%d users' %d calls wait in %d KiB", len(users), calls.statuses[http.StatusOK], disk>>10)

	for _, p := range slices.Concat(c.Gateways, c.Auths) {
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range slices.Concat(c.Gateways, c.Auths) {
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	allReady(t, c)
	awaitDelivery(t, c)
	for _, u := range users {
		if err := u.exactly(c.AuthURL); err != nil {
			t.Error(err)
		}
	}
	t.Log(checkCounts(t, c.AuthURL, users))
}
