package guess_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
)

// At an address that the owner uses, too, passwords may be tried once a second. At that rate a code of six digits would be found
// within days.
func TestWrongCodesAreDelayedAtKnownAddressesToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := openStore(t)
		hashing := queue(2, 128, 5*time.Second)
		right := ada(t, accountsOver(t, db, hashing, limits())) // who signs in at home
		throttle := guess.New(guess.Config{Store: db, Limits: limits(), Patience: 5 * time.Second})
		scope := guess.Scope{Name: right.Name, Address: home().Address}
		try := func(outcome guess.Outcome) error {
			place := must(newPlace(hashing))(t)
			defer place.Leave()
			attempt, err := throttle.SignIn(t.Context(), scope, place)
			if err != nil {
				t.Fatalf("the password: %v", err)
			}
			if err := throttle.Code(t.Context(), attempt, scope); err != nil {
				return errors.Join(err, attempt.Finish(t.Context(), guess.NotVerified))
			}
			return attempt.Finish(t.Context(), outcome)
		}
		for i := range 10 {
			if err := try(guess.Wrong); err != nil {
				t.Fatalf("failure %d: got %v", i+1, err)
			}
		}
		for wait := time.Second; wait < 20*time.Minute; wait *= 2 {
			want := min(wait, 15*time.Minute)
			time.Sleep(want - time.Millisecond)
			if wait > time.Second { // the delay of the password is one, and waited for
				throttled, ok := errors.AsType[*guess.ThrottledError](try(guess.Wrong))
				if !ok || throttled.Policy.Name != "code" {
					t.Fatalf("before %v: got %v", want, throttled)
				}
			}
			time.Sleep(time.Second)
			if err := try(guess.Wrong); err != nil {
				t.Fatalf("after %v: got %v", want, err)
			}
		}
	})
}

func newPlace(q *password.Queue) (*password.Place, error) {
	hasher, err := password.NewHasher(password.Params{MemoryKiB: 64, Passes: 1, Threads: 1}, q, nil)
	if err != nil {
		return nil, err
	}
	return hasher.Place(password.Claim{Network: guess.Network(home().Address), Kind: password.SignIn}), nil
}
