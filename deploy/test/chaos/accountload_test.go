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

// town is all the people, who call through any gateway.
type town struct {
	clients []*contract.Client

	mu     sync.Mutex
	people []*person
	errs   []error
}

func newTown(c *cluster.Cluster) *town {
	var all town
	for _, gateway := range c.Gateways {
		all.clients = append(all.clients, contract.NewClient(gateway.URL))
	}
	return &all
}

func (w *town) String() string {
	var renewed, changed, ended, deleted int
	for _, p := range w.people {
		switch {
		case p.deleted:
			deleted++
		case p.oldPassword != "":
			changed++
		case len(p.deadTokens) > 0:
			ended++
		case p.refresh != "":
			renewed++
		}
	}
	return fmt.Sprintf("acknowledged and true: %d registrations, %d changes of password, %d sign-outs, %d deletions, %d refreshes",
		len(w.people), changed, ended, deleted, renewed)
}

// live has people with names of a prefix come one after the other until ctx ends; each registers, signs in and does one
// thing more.
func (w *town) live(ctx context.Context, prefix string, rng *rand.Rand) {
	for i := 0; ctx.Err() == nil; i++ {
		p := &person{Credentials: contract.Credentials{Username: fmt.Sprintf("%s-%d", prefix, i), Password: "123456"}}
		known, err := p.pass(w.clients[rng.IntN(len(w.clients))], rng)
		w.mu.Lock()
		if known {
			w.people = append(w.people, p)
		}
		if err != nil {
			w.errs = append(w.errs, err)
		}
		w.mu.Unlock()
	}
}

// pass reports whether the person was told that they are registered.
func (p *person) pass(client *contract.Client, rng *rand.Rand) (bool, error) {
	known, err := p.register(client)
	if !known || err != nil {
		return known, err
	}
	session, err := p.signIn(client)
	if session.Token == "" || err != nil {
		return known, err
	}
	things := []func(*contract.Client, pair) error{p.changePassword, p.logout, p.remove, p.renew}
	return known, things[rng.IntN(len(things))](client, session)
}

// check asks for everything that was acknowledged.
func (w *town) check(t *testing.T) {
	t.Helper()
	for _, err := range w.errs {
		t.Error(err)
	}
	ids := map[int64]string{}
	for _, p := range w.people {
		if other, twice := ids[p.id]; twice {
			t.Errorf("%s and %s both got the id %d", other, p.Username, p.id)
		}
		ids[p.id] = p.Username
	}
	queue := make(chan *person)
	var checkers sync.WaitGroup
	for range registrars {
		checkers.Go(func() {
			for p := range queue {
				w.recheck(t, p, ids)
			}
		})
	}
	for _, p := range w.people {
		queue <- p
	}
	close(queue)
	checkers.Wait()
}

// recheck asks for what one person was told.
func (w *town) recheck(t *testing.T, p *person, ids map[int64]string) {
	t.Helper()
	for _, token := range p.deadTokens {
		for _, client := range w.clients {
			root := func() (contract.Answer, error) { return client.Root(token, "9", "0.5") }
			expect(t, p, "a dead token", root, http.StatusUnauthorized)
		}
	}
	client := w.clients[0]
	for _, token := range p.deadRefresh {
		expect(t, p, "a dead refresh token", refresh(client, token), http.StatusUnauthorized)
	}
	if p.refresh != "" {
		expect(t, p, "the newest refresh token", refresh(client, p.refresh), http.StatusOK)
	}
	if p.oldPassword != "" {
		expect(t, p, "the old password", signIn(client, p.Username, p.oldPassword), http.StatusUnauthorized)
	}
	register := func() (contract.Answer, error) { return client.Register(p.Credentials) }
	switch {
	case p.deleted:
		expect(t, p, "a deleted account", signIn(client, p.Username, p.Password), http.StatusUnauthorized)
		again := expect(t, p, "a deleted name", register, http.StatusCreated)
		if id, err := userID(again); err != nil || ids[id] != "" {
			t.Errorf("%s, registered anew, has the id %d (%v) of %s", p.Username, id, err, ids[id])
		}
	case p.maybeDeleted:
		expect(t, p, "signing in", signIn(client, p.Username, p.Password), http.StatusOK, http.StatusUnauthorized)
	default:
		again := expect(t, p, "registering again", register, http.StatusOK)
		if id, err := userID(again); err != nil || id != p.id {
			t.Errorf("%s was given the id %d and has %d (%v)", p.Username, p.id, id, err)
		}
		p.signInAgain(t, client)
	}
}

// signInAgain signs in with the password that has to be the right one, or with either if that is not known.
func (p *person) signInAgain(t *testing.T, client *contract.Client) {
	t.Helper()
	if p.maybePassword == "" {
		expect(t, p, "signing in", signIn(client, p.Username, p.Password), http.StatusOK)
		return
	}
	first := expect(t, p, "signing in", signIn(client, p.Username, p.Password), http.StatusOK, http.StatusUnauthorized)
	if first.Status != http.StatusOK {
		expect(t, p, "signing in with the changed password", signIn(client, p.Username, p.maybePassword), http.StatusOK)
	}
}

func refresh(client *contract.Client, token string) func() (contract.Answer, error) {
	return func() (contract.Answer, error) {
		return client.Post("/token/refresh", map[string]string{"refresh_token": token})
	}
}

func signIn(client *contract.Client, name, password string) func() (contract.Answer, error) {
	return func() (contract.Answer, error) {
		return client.Post("/token", contract.Credentials{Username: name, Password: password})
	}
}

// expect checks a call's answer. As a client does, it calls again if it is told to come back later.
func expect(t *testing.T, p *person, what string, call func() (contract.Answer, error), statuses ...int) contract.Answer {
	t.Helper()
	got, err := call()
	for began := time.Now(); err == nil && got.Status == http.StatusServiceUnavailable && time.Since(began) < testbed.Patience; {
		wait(t.Context(), pause)
		got, err = call()
	}
	if err != nil || !slices.Contains(statuses, got.Status) {
		t.Errorf("%s, %s: got %d %s (%v), want %v", p.Username, what, got.Status, got.Body, err, statuses)
	}
	return got
}
