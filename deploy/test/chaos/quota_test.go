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
	of      string // whose calls the quota counts: of the user's month if empty, of the "day", or of the API "key"
	priced  bool   // calls cost more than a unit
	killed  int    // gateways that are killed half-way, with their leases
	byTurns bool   // replicas of auth-service are killed by turns and started again
	late    bool   // the user gets the quota while they call
}

func TestChaosAQuotaIsNeverOverrun(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]trouble{
		"by three gateways":                                                   {},
		"by three gateways, one killed with its lease":                        {killed: 1},
		"while the replicas of auth-service are killed by turns":              {byTurns: true},
		"that is given under load, while replicas of auth-service are killed": {byTurns: true, late: true},
		"of a day, in units, by three gateways, one killed with its lease":    {of: "day", priced: true, killed: 1},
		"of an API key, while the replicas of auth-service are killed":        {of: "key", byTurns: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trouble.run(t)
		})
	}
}

func (what trouble) run(t *testing.T) {
	t.Helper()
	cfg := databases()["PostgreSQL, two of auth-service"]
	if what.priced {
		cfg.Routes = priced
	}
	c := cluster.Start(t, cfg)
	users := newUsers(t, c.Gateways[0].URL, 1)
	u := users[0]
	give := admin(t, c).give(what.of)
	want := int64(quota) // calls
	if what.priced {
		u.cost, want = rootCost, quota/rootCost
	}
	if !what.late {
		give(u, quota)
	}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	calls := &load{gateways: c.Gateways}
	var running sync.WaitGroup
	running.Go(func() { calls.run(ctx, []*user{u, u, u}, seed(t)) })
	half := want / 2
	testbed.Eventually(t, "half of the quota to be used", func() error {
		if seen := u.all().seen; seen < half {
			return fmt.Errorf("%d calls of %d", seen, half)
		}
		return nil
	})
	if what.late {
		// The quota is above all calls that can be made before every gateway knows of it.
		want = u.all().sent + quota
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
		counted, err := u.calls(living.URL)
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
	what.check(t, c, u, want)
}

// check fails unless exactly so many calls of the user are counted, and passed as far as killed gateways could respond.
func (what trouble) check(t *testing.T, c *cluster.Cluster, u *user, want int64) {
	t.Helper()
	c.Gateways = c.Gateways[what.killed:]
	awaitDelivery(t, c)
	counted, err := u.calls(c.AuthURL)
	if err != nil || counted != want {
		t.Errorf("got %d calls counted (%v), want %d", counted, err, want)
	}
	// A killed gateway may have counted one call of each connection without sending the response.
	if seen := u.all().seen; seen > want || seen < want-int64(what.killed*3*callers) {
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

// administrator gives users quotas.
type administrator struct {
	t      *testing.T
	client *contract.Client
	header http.Header
}

func admin(t *testing.T, c *cluster.Cluster) administrator {
	t.Helper()
	operator := contract.Credentials{Username: "operator", Password: "correct horse"}
	c.CreateAdmin(t, operator.Username, operator.Password)
	client := contract.NewClient(c.Gateways[0].URL)
	return administrator{t, client, http.Header{"Authorization": {client.Token(t, operator)}, "Content-Type": {"application/json"}}}
}

// give returns what gives a user a quota.
func (a administrator) give(of string) func(u *user, quota int64) {
	return func(u *user, quota int64) {
		a.t.Helper()
		switch of {
		case "day":
			a.do(http.MethodPut, "/admin/plans/daily", a.header, fmt.Sprintf(`{"requests_per_day":%d}`, quota))
			a.do(http.MethodPatch, fmt.Sprintf("/admin/users/%d", u.id), a.header, `{"plan":"daily"}`)
		case "key":
			key, err := a.client.NewKey(u.token, map[string]any{"name": "script", "monthly_quota": quota})
			if err != nil {
				a.t.Fatal(err)
			}
			u.ways = []*way{{keyID: key.ID, secret: key.Secret}}
		default:
			a.do(http.MethodPatch, fmt.Sprintf("/admin/users/%d", u.id), a.header, fmt.Sprintf(`{"monthly_quota":%d}`, quota))
		}
	}
}

func (a administrator) do(method, path string, header http.Header, body string) {
	a.t.Helper()
	got, err := a.client.Do(method, path, header, []byte(body))
	if err != nil || got.Status/100 != 2 {
		a.t.Fatalf("%s %s: got %d %s (%v), want 2xx", method, path, got.Status, got.Body, err)
	}
}
