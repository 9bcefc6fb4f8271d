package guess_test

import (
	"testing"
	"time"

	"tallygate/auth-service/internal/guess"
)

func limits() guess.Limits {
	return guess.Limits{
		PerName: 10, PerAddress: 100, Window: 15 * time.Minute,
		FirstDelay: time.Second, MaxDelay: 15 * time.Minute, KnownMaxDelay: time.Second,
	}
}

// TestGuessesAreNotForgottenWhileTheyAreVerified: some are under way all the time. So it must not be the time of the
// first one after which all of them are forgotten.
func TestGuessesAreNotForgottenWhileTheyAreVerified(t *testing.T) {
	t.Parallel()
	var c guess.Counter
	admitted := 0
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range 10 {
		var decided string
		if c, decided = c.Admit(10, limits(), now.Add(time.Duration(i)*2*time.Second)); decided == "admitted" {
			admitted++
		}
	}
	if _, decided := c.Admit(10, limits(), now.Add(20*time.Second)); admitted != 10 || decided != "must wait" {
		t.Errorf("got %d admitted, then %s, want 10, then must wait", admitted, decided)
	}
	if _, decided := c.Admit(10, limits(), now.Add(22*time.Second)); decided != "admitted" {
		t.Errorf("when they are lost: got %s, want admitted", decided)
	}
}

func TestCounterDoublesTheDelayUpToItsLongest(t *testing.T) {
	t.Parallel()
	for longest, want := range map[time.Duration][]time.Duration{
		15 * time.Minute: {0, 0, time.Second, 2 * time.Second, 4 * time.Second},
		3 * time.Second:  {0, 0, time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second},
		time.Second:      {0, 0, time.Second, time.Second, time.Second},
	} {
		var c guess.Counter
		now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		for i, delay := range want {
			var decided string
			if c, decided = c.Admit(3, limits(), now); decided != "admitted" {
				t.Fatalf("%v, failure %d: got %s", longest, i+1, decided)
			}
			c = c.Settle(false, 3, longest, limits(), now)
			if got := max(c.BlockedUntil.Sub(now), 0); got != delay {
				t.Errorf("%v, failure %d: got a delay of %v, want %v", longest, i+1, got, delay)
			}
			now = now.Add(delay)
		}
		if c = c.Settle(true, 3, longest, limits(), now); c.Failures != 0 {
			t.Errorf("%v: a right guess leaves %d failures", longest, c.Failures)
		}
	}
}
