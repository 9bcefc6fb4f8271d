//go:build chaos && unix

package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
)

const (
	rounds     = 10
	registrars = 4
	// How long a round's load runs before something is killed.
	shortestLoad, longestLoad = 200 * time.Millisecond, 800 * time.Millisecond
)

// TestChaosAcknowledgedChangesOfAccountsAreTrue kills auth-service and its database, in turn and together, while
// users register, change passwords, sign out, refresh and delete their accounts, and make,
// rotate and revoke API keys.
func TestChaosAcknowledgedChangesOfAccountsAreTrue(t *testing.T) {
	t.Parallel()
	for name, cfg := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Gateway = append(cfg.Gateway, "TRUSTED_PROXIES=127.0.0.1/32")
			c := cluster.Start(t, cfg)
			rng := rand.New(rand.NewPCG(seed(t), 0))
			accounts := newAccountLoad(c)
			var restarts []time.Duration
			for round := range rounds {
				ctx, stop := context.WithCancel(t.Context())
				var load sync.WaitGroup
				for i := range registrars {
					choices := rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))
					load.Go(func() { accounts.run(ctx, fmt.Sprintf("account-%d-%d", round, i), choices) })
				}
				wait(ctx, shortestLoad+time.Duration(rng.Int64N(int64(longestLoad-shortestLoad))))
				victims := victimsOf(c, round)
				for _, p := range victims {
					if err := p.Kill(); err != nil {
						t.Error(err)
					}
				}
				stop()
				load.Wait()
				began := time.Now()
				for _, p := range victims {
					if err := p.Start(); err != nil {
						t.Error(err)
					}
				}
				allReady(t, c)
				restarts = append(restarts, time.Since(began))
			}
			accounts.check(t)
			slices.Sort(restarts)
			t.Logf("%d rounds of kills, all ready again after %v (median), %v (longest); %v", rounds,
				restarts[rounds/2].Round(time.Millisecond), restarts[rounds-1].Round(time.Millisecond), accounts)
		})
	}
}

// victimsOf are a round's victims: one replica of auth-service, all of them, the database, everything.
func victimsOf(c *cluster.Cluster, round int) []*cluster.Process {
	if c.Database == nil {
		return c.Auths
	}
	switch database := []*cluster.Process{c.Database}; round % 4 {
	case 0:
		return c.Auths[round/4%len(c.Auths):][:1]
	case 1:
		return database
	case 2:
		return c.Auths
	default:
		return slices.Concat(database, c.Auths)
	}
}
