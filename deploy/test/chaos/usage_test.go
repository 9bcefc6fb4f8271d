//go:build chaos && unix

package chaos_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// usersUnderLoad call with two sign-ins and keysOfAUser API keys each.
const usersUnderLoad, keysOfAUser = 6, 3

func TestChaosEveryCallWithAResponseIsCountedOnce(t *testing.T) {
	t.Parallel()
	for name, cfg := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Routes = priced
			c := cluster.Start(t, cfg)
			random := seed(t)
			users := newUsers(t, c.Gateways[0].URL, usersUnderLoad)
			withKeys(t, c.Gateways[0].URL, users)
			for _, u := range users {
				u.cost = rootCost
			}

			ctx, cancel := context.WithTimeout(t.Context(), duration(t))
			defer cancel()
			kills := &killer{t: t}
			var killing sync.WaitGroup
			killing.Go(func() { kills.kill(ctx, "gateway", random+1, c.Gateways...) })
			killing.Go(func() { kills.kill(ctx, "auth-service", random+2, c.Auths...) })
			if c.Database != nil {
				killing.Go(func() { kills.kill(ctx, "postgres", random+3, c.Database) })
			}
			calls := &load{gateways: c.Gateways}
			calls.run(ctx, users, random)
			killing.Wait()
			allReady(t, c)
			t.Log(kills)
			calls.only(t, http.StatusOK, http.StatusServiceUnavailable)
			awaitDelivery(t, c)
			t.Log(checkCounts(t, c.AuthURL, users))
		})
	}
}

func TestChaosWithoutKillsCountedEqualsSent(t *testing.T) {
	t.Parallel()
	for name, cfg := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Routes = priced
			c := cluster.Start(t, cfg)
			users := newUsers(t, c.Gateways[0].URL, usersUnderLoad)
			withKeys(t, c.Gateways[0].URL, users)
			for _, u := range users {
				u.cost = rootCost
			}
			ctx, cancel := context.WithTimeout(t.Context(), duration(t)/6)
			defer cancel()
			calls := &load{gateways: c.Gateways}
			calls.run(ctx, users, seed(t))
			ended := time.Now()
			calls.only(t, http.StatusOK)
			for _, u := range users {
				testbed.Eventually(t, "every call to be counted", func() error { return u.exactly(c.Gateways[0].URL) })
			}
			t.Logf("all calls were shown %v after the last response", time.Since(ended).Round(time.Millisecond))
			awaitDelivery(t, c)
			for _, u := range users {
				if err := u.exactly(c.AuthURL); err != nil {
					t.Error(err)
				}
			}
			t.Log(checkCounts(t, c.AuthURL, users))
		})
	}
}
