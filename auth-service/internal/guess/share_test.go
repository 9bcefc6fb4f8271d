package guess_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/guess"
)

// TestOneAddressDoesNotTakeAllPlacesToWait: a client signs in to accounts of its own until a thousand attempts wait. Attempts
// of others wait too, in place of its last.
func TestOneAddressDoesNotTakeAllPlacesToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		few := limits()
		few.PerName, few.PerAddress = 1, 1<<20
		store := &memory{counters: map[guess.Key]guess.Counter{}}
		throttle := guess.New(guess.Config{Store: store, Limits: few, Patience: time.Minute})
		var held, refused, done atomic.Int64
		var all sync.WaitGroup
		release := make(chan struct{})
		attempt := func(name, address string) {
			all.Go(func() {
				s := guess.Scope{Name: name, Address: netip.MustParseAddr(address)}
				a, err := throttle.SignIn(t.Context(), s, &place{held: &held})
				if errors.Is(err, guess.ErrTooManyAtOnce) && address == "198.51.100.7" {
					refused.Add(1)
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				<-release
				done.Add(1)
				if err := a.Finish(t.Context(), guess.Right); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for i := range 1500 {
			attempt(fmt.Sprint("own", i%20), "198.51.100.7")
		}
		before := refused.Load()
		for range 5 {
			attempt("ada", "203.0.113.9")
		}
		if got := refused.Load() - before; before < 400 || got != 3 {
			t.Errorf("%d of the client's attempts were refused, and then %d more, want 3: the first two of ada's wait behind nobody", before, got)
		}
		close(release)
		all.Wait()
		if want := 1505 - refused.Load(); done.Load() != want {
			t.Errorf("%d were admitted, want %d", done.Load(), want)
		}
	})
}

// TestAnAttackOnOneNameDoesNotSlowDownOthers: attempts for one name at many addresses wait for each other. Other names at
// the same addresses do not wait for them.
func TestAnAttackOnOneNameDoesNotSlowDownOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limits()
		l.PerNameAnywhere = 5
		store := &memory{counters: map[guess.Key]guess.Counter{}}
		throttle := guess.New(guess.Config{Store: store, Limits: l, Patience: time.Minute})
		var held atomic.Int64
		var all sync.WaitGroup
		release := make(chan struct{})
		address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}) }
		for i := range 100 {
			all.Go(func() {
				a, err := throttle.SignIn(t.Context(), guess.Scope{Name: "ada", Address: address(i)}, &place{held: &held})
				if err != nil {
					t.Error(err)
					return
				}
				<-release
				if err := a.Finish(t.Context(), guess.Right); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if held.Load() != 5 {
			t.Errorf("%d attempts are under way, want the 5 that are free", held.Load())
		}
		began := time.Now()
		for i := range 100 {
			a, err := throttle.SignIn(t.Context(), guess.Scope{Name: "bob", Address: address(i)}, &place{held: &held})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Finish(t.Context(), guess.Right); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("another name took %s, want no time", took)
		}
		close(release)
		all.Wait()
	})
}
