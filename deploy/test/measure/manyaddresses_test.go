//go:build measure

package measure_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

// freePerName is how many failures of one name are free, from whatever addresses.
const freePerName = 100

// TestMeasureManyAddresses: the guesses of one name are bounded, however many addresses they come from. The delay after the
// free failures is longer than the test. Passwords are cheap, so that the hash queue is no bound.
func TestMeasureManyAddresses(t *testing.T) { //nolint:paralleltest // it measures time
	s := start(t, cluster.Config{
		Gateways: 1, Auths: 2, Postgres: true, Gateway: []string{"TRUSTED_PROXIES=loopback"},
		Auth: append(cluster.CheapPasswords(), "GUESS_FIRST_DELAY=5m"),
	})
	for i, from := range []struct{ what, fields string }{
		{"40 addresses", "X-Forwarded-For: 203.0.113.{c}\r\n"},
		{"the IPv6 networks (/64) of one /48", "X-Forwarded-For: 2001:db8:7:{n}{c}::1\r\n"},
	} {
		name, home := fmt.Sprintf("target-%d", i), "198.51.100.77"
		owner := contract.Credentials{Username: name, Password: "correct horse"}
		if got, err := s.clients[0].Register(owner); err != nil || got.Status != http.StatusCreated {
			t.Fatalf("register: got %d %s (%v)", got.Status, got.Body, err)
		}
		if got, err := guess(s.clients[0], name, owner.Password, home); err != nil || got.Status != http.StatusOK {
			t.Fatalf("the owner's first sign-in: got %d %s (%v)", got.Status, got.Body, err)
		}
		wait := attack{
			Addr: s.addr(), Conns: 40, For: 8 * time.Second,
			Calls: []call{{"POST /token", from.fields, fmt.Sprintf(`{"username":%q,"password":"wrong-{x}"}`, name)}},
		}.start(t)
		var (
			took   []time.Duration
			owners sync.WaitGroup
		)
		owners.Go(func() { took = s.signInNowAndThen(t, owner, home, 7*time.Second) })
		seen := wait()
		owners.Wait()
		verified := seen.Statuses[http.StatusUnauthorized]
		found(t, "guesses of one name from "+from.what, fmt.Sprintf("at most %d are verified, the owner signs in at a known address", freePerName),
			fmt.Sprintf("%d verified (%s); the owner: %s", verified, seen, spread(took)))
		if verified > freePerName {
			t.Errorf("%s: %d guesses were verified, want at most %d", from.what, verified, freePerName)
		}
	}
}

// signInNowAndThen signs in from an address for some time. Every sign-in has to succeed.
func (s *system) signInNowAndThen(t *testing.T, who contract.Credentials, address string, during time.Duration) (took []time.Duration) {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(during); time.Now().Before(end); <-tick.C {
		began := time.Now()
		if got, err := guess(s.clients[0], who.Username, who.Password, address); err != nil || got.Status != http.StatusOK {
			t.Errorf("the owner at a known address: got %d %s (%v), want 200", got.Status, got.Body, err)
			continue
		}
		took = append(took, time.Since(began))
	}
	return took
}
