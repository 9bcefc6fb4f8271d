//go:build measure

package measure_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

// guess sends a password from an address, as a proxy in front of the gateway would pass it on.
func guess(client *contract.Client, name, password, address string) (contract.Response, error) {
	body, err := json.Marshal(contract.Credentials{Username: name, Password: password})
	if err != nil {
		return contract.Response{}, err
	}
	header := http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {address}}
	return client.Do(http.MethodPost, "/token", header, body)
}

// statusCount counts responses by status.
type statusCount struct {
	mu       sync.Mutex
	statuses map[int]int
}

// add counts a response. 429 and 503 must have Retry-After.
func (c *statusCount) add(t *testing.T, got contract.Response, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
		return
	}
	if later := got.Status == http.StatusTooManyRequests || got.Status == http.StatusServiceUnavailable; later && got.Header.Get("Retry-After") == "" {
		t.Errorf("got %d without Retry-After", got.Status)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.statuses == nil {
		c.statuses = map[int]int{}
	}
	c.statuses[got.Status]++
}

func TestMeasureGuessing(t *testing.T) { //nolint:paralleltest // it measures time
	s := start(t, cluster.Config{
		Gateways: 1, Auths: 2, Postgres: true, Gateway: []string{"TRUSTED_PROXIES=loopback"},
		// So long that no further try is allowed while a thousand guesses are made.
		Auth: []string{"GUESS_FIRST_DELAY=5m"},
	})
	s.register(t, "ada")
	t.Run("a thousand at once are no more tries than a thousand in a row", s.guessAThousandTimes)
	t.Run("the owner signs in while others guess", s.signInUnderAttack)
}

func (s *system) guessAThousandTimes(t *testing.T) {
	const guesses, free = 1000, 10
	for i, name := range []string{"ada", "nobody"} {
		var inARow, atOnce statusCount
		for range guesses {
			got, err := guess(s.clients[0], name, "wrong", fmt.Sprintf("203.0.113.%d", 2*i))
			inARow.add(t, got, err)
		}
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range guesses {
			all.Go(func() {
				<-begin
				got, err := guess(s.clients[0], name, "wrong", fmt.Sprintf("203.0.113.%d", 2*i+1))
				atOnce.add(t, got, err)
			})
		}
		began := time.Now()
		close(begin)
		all.Wait()
		t.Logf("figure: %d guesses of %s by status: in a row %v, at once on 2 replicas %v in %s",
			guesses, name, inARow.statuses, atOnce.statuses, round(time.Since(began)))
		for _, c := range []*statusCount{&inARow, &atOnce} {
			if tries := c.statuses[http.StatusUnauthorized]; tries != free || c.statuses[http.StatusTooManyRequests] == 0 {
				t.Errorf("%s: got %v, want %d tries and then 429", name, c.statuses, free)
			}
			if unknown := guesses - c.statuses[401] - c.statuses[429] - c.statuses[503]; unknown != 0 {
				t.Errorf("%s: %d other responses: %v", name, unknown, c.statuses)
			}
		}
	}
}

func (s *system) signInUnderAttack(t *testing.T) {
	const attackers, signIns, home = 50, 10, "198.51.100.7"
	owner := contract.Credentials{Username: "ada", Password: "correct horse"}
	if got, err := guess(s.clients[0], owner.Username, owner.Password, home); err != nil || got.Status != http.StatusOK {
		t.Fatalf("before the attack: got %d %s (%v), want 200", got.Status, got.Body, err)
	}
	var (
		attack statusCount
		all    sync.WaitGroup
		stop   = make(chan struct{})
	)
	for a := range attackers {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					got, err := guess(s.clients[0], owner.Username, "wrong", fmt.Sprintf("10.%d.%d.%d", a, i>>8, i&255))
					attack.add(t, got, err)
				}
			}
		})
	}
	var took []time.Duration
	for range signIns {
		began := time.Now()
		got, err := guess(s.clients[0], owner.Username, owner.Password, home)
		took = append(took, time.Since(began))
		if err != nil || got.Status != http.StatusOK {
			t.Errorf("the owner at a known address: got %d %s (%v), want 200", got.Status, got.Body, err)
		}
	}
	close(stop)
	all.Wait()
	t.Logf("figure: %d sign-ins of the owner at a known address, while %d attackers guess from new ones (%v): %s",
		signIns, attackers, attack.statuses, spread(took))
}
