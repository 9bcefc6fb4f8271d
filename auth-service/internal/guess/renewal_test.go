package guess_test

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/guess"
)

// process is the database of one process, which can die or lose its connection.
type process struct {
	guess.Store

	away atomic.Bool
}

func (p *process) UpdateGuesses(ctx context.Context, u guess.Update) error {
	if p.away.Load() {
		return fault.ErrUnavailable
	}
	return p.Store.UpdateGuesses(ctx, u)
}

// TestAttemptsHoldUpOthersAsLongAsTheirProcessLives: two processes share a database. In one of them an attempt takes very long.
func TestAttemptsHoldUpOthersAsLongAsTheirProcessLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one := limits()
		one.PerName = 1
		database := &memory{counters: map[guess.Key]guess.Counter{}}
		slow := &process{Store: database}
		first := guess.New(guess.Config{Store: slow, Limits: one, Patience: 5 * time.Second})
		second := guess.New(guess.Config{Store: database, Limits: one, Patience: 5 * time.Second})
		scope := guess.Scope{Name: "ada", Address: netip.MustParseAddr("203.0.113.9")}
		var held atomic.Int64
		attempt, err := first.SignIn(t.Context(), scope, &place{held: &held})
		if err != nil {
			t.Fatal(err)
		}
		held.Store(0)
		other := func() error {
			a, err := second.SignIn(t.Context(), scope, &place{held: &held})
			if err == nil {
				err = a.Finish(t.Context(), guess.NotVerified)
			}
			return err
		}
		for range 5 {
			if err := other(); !errors.Is(err, guess.ErrTooManyAtOnce) {
				t.Errorf("beside an attempt that is still verified: got %v", err)
			}
			time.Sleep(5 * time.Second)
		}

		slow.away.Store(true)
		began := time.Now()
		if err := other(); err != nil {
			t.Errorf("after the process died: got %v", err)
		}
		if took := time.Since(began); took < time.Second || took > 3*time.Second {
			t.Errorf("others waited %v for the attempt of a dead process", took)
		}

		slow.away.Store(false) // it lives: it had no database
		time.Sleep(6 * time.Second)
		if err := other(); !errors.Is(err, guess.ErrTooManyAtOnce) {
			t.Errorf("after the process has its database again: got %v", err)
		}
		if err := attempt.Finish(t.Context(), guess.NotVerified); err != nil {
			t.Fatal(err)
		}
		if err := other(); err != nil {
			t.Errorf("after the attempt has ended: got %v", err)
		}
	})
}
