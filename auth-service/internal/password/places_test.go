package password_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/password"
)

// TestADisplacedPlaceIsNotHashed: its owner was at the database when somebody else got the place.
func TestADisplacedPlaceIsNotHashed(t *testing.T) {
	t.Parallel()
	q := password.NewQueue(password.QueueConfig{Workers: 1, Waiting: 2, Wait: time.Minute})
	var places []*password.Place
	for range 3 {
		p := q.Place(ada())
		if err := p.Enter(); err != nil {
			t.Fatal(err)
		}
		places = append(places, p)
	}
	eve := q.Place(password.Claim{Network: "198.51.100.7"})
	if err := eve.Enter(); err != nil {
		t.Fatalf("an address without a place: got %v", err)
	}
	if err := q.Place(password.Claim{Network: "198.51.100.7"}).Enter(); !errors.Is(err, password.ErrBusy) {
		t.Errorf("a second place would leave the first address fewer: got %v, want ErrBusy", err)
	}
	last := places[2]
	if err := last.Enter(); !errors.Is(err, password.ErrBusy) {
		t.Errorf("the one who lost it enters: got %v, want ErrBusy", err)
	}
	if err := last.Do(t.Context(), 1, 1, func() { t.Error("it ran") }); !errors.Is(err, password.ErrBusy) {
		t.Errorf("the one who lost it: got %v, want ErrBusy", err)
	}
	last.Leave()
	places[0].Leave()
	eve.Leave()
	if err := last.Do(t.Context(), 1, 1, func() {}); err != nil {
		t.Errorf("later: got %v", err)
	}
}

func TestRegistrationsDoNotTakeAllPlaces(t *testing.T) {
	t.Parallel()
	for _, kinds := range [][2]password.Kind{{password.Registration, password.SignIn}, {password.SignIn, password.Registration}} {
		q := password.NewQueue(password.QueueConfig{Workers: 2, Waiting: 8, Wait: time.Minute})
		for i := range 10 {
			if err := q.Place(password.Claim{Network: fmt.Sprint(i), Kind: kinds[0]}).Enter(); err != nil {
				t.Fatal(err)
			}
		}
		entered := 0
		for i := range 10 {
			if q.Place(password.Claim{Network: fmt.Sprint(i), Kind: kinds[1]}).Enter() == nil {
				entered++
			}
		}
		if entered != 5 {
			t.Errorf("%s beside %s: %d entered, want half of the places", kinds[1], kinds[0], entered)
		}
	}
}

// TestAFloodOfOneAddressWaitsInItsLine: it takes eight places, and another address has its place at once.
func TestAFloodOfOneAddressWaitsInItsLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := password.NewQueue(password.QueueConfig{Workers: 2, Waiting: 128, Wait: 5 * time.Second})
		claim := func(network string) *password.Place {
			return q.Place(password.Claim{Network: network, Kind: password.Registration})
		}
		var entered, busy, canceled int
		var mu sync.Mutex
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 100 {
			caller := t.Context()
			if i >= 90 {
				caller = ctx
			}
			all.Go(func() {
				p := claim("203.0.113.9")
				defer p.Leave()
				err := p.EnterInTurn(caller)
				mu.Lock()
				switch {
				case err == nil:
					entered++
				case errors.Is(err, password.ErrBusy):
					busy++
				case errors.Is(err, context.Canceled):
					canceled++
				}
				mu.Unlock()
				if err == nil {
					time.Sleep(time.Second) // at the database and for the hash
				}
			})
			synctest.Wait()
		}
		if entered != 8 || busy != 0 {
			t.Errorf("%d entered and %d were refused at once, want 8 and none", entered, busy)
		}
		other := claim("198.51.100.7")
		if err := other.EnterInTurn(t.Context()); err != nil {
			t.Errorf("another address: %v", err)
		}
		other.Leave()
		cancel()
		all.Wait()
		if entered < 8*5 || entered+busy != 90 || canceled != 10 || q.Refused()["waited"] != uint64(busy) {
			t.Errorf("%d entered, %d were busy, %d canceled; counted %v", entered, busy, canceled, q.Refused())
		}
		p := claim("203.0.113.9")
		if err := p.EnterInTurn(t.Context()); err != nil {
			t.Errorf("after the flood: %v", err)
		}
		p.Leave()
	})
}
