//go:build chaos && unix

package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// accountLoad is clients that register accounts and change them, through any gateway.
type accountLoad struct {
	clients []*contract.Client

	mu       sync.Mutex
	accounts []*account
	errs     []error
}

func newAccountLoad(c *cluster.Cluster) *accountLoad {
	var all accountLoad
	for _, gateway := range c.Gateways {
		all.clients = append(all.clients, contract.NewClient(gateway.URL))
	}
	return &all
}

func (l *accountLoad) String() string {
	var renewed, changed, ended, deleted, live, dead int
	for _, a := range l.accounts {
		if a.key.Secret != "" {
			live++
		}
		dead += len(a.key.dead)
		switch {
		case a.deleted:
			deleted++
		case a.oldPassword != "":
			changed++
		case len(a.deadTokens) > 0:
			ended++
		case a.refresh != "":
			renewed++
		}
	}
	return fmt.Sprintf("acknowledged and true: %d registrations, %d changes of password, %d sign-outs, %d deletions, %d refreshes, %d live keys, %d ended keys",
		len(l.accounts), changed, ended, deleted, renewed, live, dead)
}

// run registers accounts one after the other until ctx ends. Their names begin with the prefix. Each signs in, and makes
// an API key and one change.
func (l *accountLoad) run(ctx context.Context, prefix string, rng *rand.Rand) {
	for i := 0; ctx.Err() == nil; i++ {
		a := &account{Credentials: contract.Credentials{Username: fmt.Sprintf("%s-%d", prefix, i), Password: "123456"}}
		registered, err := a.use(l.clients[rng.IntN(len(l.clients))], rng)
		l.mu.Lock()
		if registered {
			l.accounts = append(l.accounts, a)
		}
		if err != nil {
			l.errs = append(l.errs, err)
		}
		l.mu.Unlock()
	}
}

// use registers the account, signs in, and makes an API key and one change. It reports whether the registration was acknowledged.
func (a *account) use(client *contract.Client, rng *rand.Rand) (bool, error) {
	registered, err := a.register(client)
	if !registered || err != nil {
		return registered, err
	}
	session, err := a.signIn(client)
	if session.Token == "" || err != nil {
		return registered, err
	}
	if err := a.makeKey(client, session); err != nil {
		return registered, err
	}
	changes := []func(*contract.Client, pair) error{a.changePassword, a.logout, a.remove, a.renew, a.rotateKey, a.revokeKey}
	return registered, changes[rng.IntN(len(changes))](client, session)
}

// check looks up everything that was acknowledged.
func (l *accountLoad) check(t *testing.T) {
	t.Helper()
	for _, err := range l.errs {
		t.Error(err)
	}
	ids := map[int64]string{}
	for _, a := range l.accounts {
		if other, twice := ids[a.id]; twice {
			t.Errorf("%s and %s both got the id %d", other, a.Username, a.id)
		}
		ids[a.id] = a.Username
	}
	queue := make(chan *account)
	var checkers sync.WaitGroup
	for range registrars {
		checkers.Go(func() {
			for a := range queue {
				l.recheck(t, a, ids)
			}
		})
	}
	for _, a := range l.accounts {
		queue <- a
	}
	close(queue)
	checkers.Wait()
}

// recheck looks up what was acknowledged of one account.
func (l *accountLoad) recheck(t *testing.T, a *account, ids map[int64]string) {
	t.Helper()
	for _, token := range a.deadTokens {
		for _, client := range l.clients {
			root := func() (contract.Response, error) { return client.Root(token, "9", "0.5") }
			expect(t, a, "a dead token", root, http.StatusUnauthorized)
		}
	}
	l.recheckKey(t, a)
	client := l.clients[0]
	for _, token := range a.deadRefresh {
		expect(t, a, "a dead refresh token", refresh(client, token), http.StatusUnauthorized)
	}
	if a.refresh != "" {
		expect(t, a, "the newest refresh token", refresh(client, a.refresh), http.StatusOK)
	}
	if a.oldPassword != "" {
		expect(t, a, "the old password", signIn(client, a.Username, a.oldPassword), http.StatusUnauthorized)
	}
	register := func() (contract.Response, error) { return client.Register(a.Credentials) }
	switch {
	case a.deleted:
		expect(t, a, "a deleted account", signIn(client, a.Username, a.Password), http.StatusUnauthorized)
		again := expect(t, a, "a deleted name", register, http.StatusCreated)
		if id, err := userID(again); err != nil || ids[id] != "" {
			t.Errorf("%s, registered again, has the id %d (%v) of %s", a.Username, id, err, ids[id])
		}
	case a.maybeDeleted:
		expect(t, a, "signing in", signIn(client, a.Username, a.Password), http.StatusOK, http.StatusUnauthorized)
	default:
		again := expect(t, a, "registering again", register, http.StatusOK)
		if id, err := userID(again); err != nil || id != a.id {
			t.Errorf("%s got the id %d and has %d (%v)", a.Username, a.id, id, err)
		}
		a.signInAgain(t, client)
	}
}

// signInAgain signs in with the right password, or with either one if it is not known which is right.
func (a *account) signInAgain(t *testing.T, client *contract.Client) {
	t.Helper()
	if a.maybePassword == "" {
		expect(t, a, "signing in", signIn(client, a.Username, a.Password), http.StatusOK)
		return
	}
	first := expect(t, a, "signing in", signIn(client, a.Username, a.Password), http.StatusOK, http.StatusUnauthorized)
	if first.Status != http.StatusOK {
		expect(t, a, "signing in with the changed password", signIn(client, a.Username, a.maybePassword), http.StatusOK)
	}
}

func refresh(client *contract.Client, token string) func() (contract.Response, error) {
	return func() (contract.Response, error) {
		return client.Post("/token/refresh", map[string]string{"refresh_token": token})
	}
}

func signIn(client *contract.Client, name, password string) func() (contract.Response, error) {
	return func() (contract.Response, error) {
		return client.Post("/token", contract.Credentials{Username: name, Password: password})
	}
}

// expect checks a call's response. Like a client, it calls again after 503.
func expect(t *testing.T, a *account, what string, call func() (contract.Response, error), statuses ...int) contract.Response {
	t.Helper()
	got, err := call()
	for began := time.Now(); err == nil && got.Status == http.StatusServiceUnavailable && time.Since(began) < testbed.Patience; {
		wait(t.Context(), pause)
		got, err = call()
	}
	if err != nil || !slices.Contains(statuses, got.Status) {
		t.Errorf("%s, %s: got %d %s (%v), want %v", a.Username, what, got.Status, got.Body, err, statuses)
	}
	return got
}
