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

// trouble is what happens while a user calls.
type trouble struct {
	killed  int  // gateways that are killed half-way, with their leases
	byTurns bool // replicas of auth-service are killed by turns and started again
	late    bool // the user gets the quota while they call
}

func TestChaosAQuotaIsNeverOverrun(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]trouble{
		"by three gateways":                                                   {},
		"by three gateways, one killed with its lease":                        {killed: 1},
		"while the replicas of auth-service are killed by turns":              {byTurns: true},
		"that is given under load, while replicas of auth-service are killed": {byTurns: true, late: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trouble.run(t)
		})
	}
}

func (what trouble) run(t *testing.T) {
	t.Helper()
	c := cluster.Start(t, databases()["PostgreSQL, two of auth-service"])
	users := newUsers(t, c.Gateways[0].URL, 1)
	u := users[0]
	give := admin(t, c)
	want := int64(quota)
	if !what.late {
		give(u, want)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	calls := &load{gateways: c.Gateways}
	var running sync.WaitGroup
	running.Go(func() { calls.run(ctx, []*user{u, u, u}, seed(t)) })
	half := want / 2
	testbed.Eventually(t, "half of the quota to be used", func() error {
		if seen := u.seen.Load(); seen < half {
			return fmt.Errorf("%d calls of %d", seen, half)
		}
		return nil
	})
	if what.late {
		// The quota is above all calls that can be made before every gateway knows of it.
		want = u.sent.Load() + quota
		give(u, want)
	}
	kill(t, c.Gateways[:what.killed])
	kills, endKills := context.WithCancel(ctx)
	defer endKills()
	if what.byTurns {
		running.Go(func() { byTurns(kills, t, c.Auths) })
	}
	began := time.Now()
	living := c.Gateways[what.killed]
	testbed.Eventually(t, "the quota to be used up", func() error {
		counted, err := u.counted(living.URL)
		if err == nil && counted < want {
			err = fmt.Errorf("%d of %d", counted, want)
		}
		return err
	})
	t.Logf("used up %v after the half", time.Since(began).Round(time.Millisecond))
	wait(ctx, time.Second) // the calls go on: none may pass now
	endKills()
	stop()
	running.Wait()

	calls.only(t, http.StatusOK, http.StatusTooManyRequests)
	c.Gateways = c.Gateways[what.killed:]
	awaitDelivery(t, c)
	counted, err := u.counted(c.AuthURL)
	if err != nil || counted != want {
		t.Errorf("got %d calls counted (%v), want %d", counted, err, want)
	}
	// A killed gateway may have counted one call of each connection without sending the response.
	if seen := u.seen.Load(); seen > want || seen < want-int64(what.killed*3*callers) {
		t.Errorf("got %d responses, want %d", seen, want)
	}
}

// kill ends gateways for good. The unused part of their leases returns all the same.
func kill(t *testing.T, gateways []*cluster.Process) {
	t.Helper()
	for _, gateway := range gateways {
		if err := gateway.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// byTurns kills one process after the other until ctx ends. Before each kill, all are ready. All run afterwards.
func byTurns(ctx context.Context, t *testing.T, victims []*cluster.Process) {
	t.Helper()
	kills := 0
	for ; ctx.Err() == nil; kills++ {
		p := victims[kills%len(victims)]
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		wait(ctx, 100*time.Millisecond)
		if err := p.Start(); err != nil {
			t.Error(err)
		}
		if err := p.Ready(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d kills of auth-service", kills)
}

// admin returns an administrator who gives users quotas.
func admin(t *testing.T, c *cluster.Cluster) (give func(u *user, quota int64)) {
	t.Helper()
	operator := contract.Credentials{Username: "operator", Password: "correct horse"}
	c.CreateAdmin(t, operator.Username, operator.Password)
	client := contract.NewClient(c.Gateways[0].URL)
	header := http.Header{"Authorization": {client.Token(t, operator)}, "Content-Type": {"application/json"}}
	return func(u *user, quota int64) {
		body := fmt.Appendf(nil, `{"monthly_quota":%d}`, quota)
		got, err := client.Do(http.MethodPatch, fmt.Sprintf("/admin/users/%d", u.id), header, body)
		if err != nil || got.Status != http.StatusOK {
			t.Fatalf("set a quota: got %d %s (%v), want 200", got.Status, got.Body, err)
		}
	}
}
