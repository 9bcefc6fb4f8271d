package httpapi_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A right password must not make guesses of codes free: neither by itself, nor by resetting the failures. Package guess tests what
// holds at known addresses.
func TestGuessesOfCodesAreDelayedLikePasswords(t *testing.T) {
	t.Parallel()
	s := newService(t, options{guesses: defaultGuesses()})
	app, _ := s.enrol(t, s.user(t, "ada").Token)
	const elsewhere = "198.51.100.9"
	for range 10 {
		wantProblem(t, "the password alone", s.signInWith("ada", "123456", "", elsewhere), 401, "otp-required")
		wantProblem(t, "a free failure", s.signInWith("ada", "123456", app.wrong(), elsewhere), 401, "otp-not-valid")
	}
	for wait := 1; wait < 64; wait *= 2 {
		for _, otp := range []string{"", app.wrong(), app.code(0)} {
			got := s.signInWith("ada", "123456", otp, elsewhere)
			wantProblem(t, "during the delay", got, 429, "too-many-tries")
			if retry := got.header.Get("Retry-After"); retry != strconv.Itoa(wait) {
				t.Errorf("Retry-After %s, want %d", retry, wait)
			}
		}
		s.clock.advance(time.Duration(wait) * time.Second)
		wantProblem(t, "after the delay", s.signInWith("ada", "123456", app.wrong(), elsewhere), 401, "otp-not-valid")
	}
	s.clock.advance(64 * time.Second)
	if got := s.signInWith("ada", "123456", app.code(0), elsewhere); got.status != 200 {
		t.Errorf("the right code after the delay: got %d %s", got.status, got.body)
	}
}

// Wrong passwords and wrong codes of one name at one address share what is free, and a right password alone changes nothing.
func TestPasswordsAndCodesAreCountedTogether(t *testing.T) {
	t.Parallel()
	s := newService(t, options{guesses: defaultGuesses()})
	app, _ := s.enrol(t, s.user(t, "ada").Token)
	const elsewhere = "198.51.100.9"
	for range 5 {
		wantProblem(t, "a wrong password", s.signInWith("ada", "wrong", app.code(0), elsewhere), 401, "wrong-credentials")
		wantProblem(t, "the password alone", s.signInWith("ada", "123456", "", elsewhere), 401, "otp-required")
		wantProblem(t, "a wrong code", s.signInWith("ada", "123456", app.wrong(), elsewhere), 401, "otp-not-valid")
	}
	wantProblem(t, "the eleventh try", s.signInWith("ada", "123456", "", elsewhere), 429, "too-many-tries")
}

// Whoever has got hold of a session, not of the secret, could guess the code that puts a pending secret in force, and would get
// recovery codes.
func TestGuessesAtTheSetUpAreDelayedToo(t *testing.T) {
	t.Parallel()
	guesses := defaultGuesses()
	guesses.KnownMaxDelay = 15 * time.Minute // nobody waits for a turn
	s := newService(t, options{guesses: guesses})
	ada := s.user(t, "ada")
	begin := call{method: "POST", path: totpPath, token: ada.Token, body: `{"password":"123456"}`}
	app := newAuthenticator(t, fetch[struct{ Secret string }](t, s, begin, 200).Secret, s.clock)
	confirm := func(code string) response {
		return s.do(call{method: "PUT", path: totpPath, token: ada.Token, body: fmt.Sprintf(`{"otp":%q}`, code)})
	}
	for range 10 {
		wantProblem(t, "a free failure", confirm(app.wrong()), 401, "otp-not-valid")
	}
	wantProblem(t, "the eleventh try", confirm(app.code(0)), 429, "too-many-tries")
}

// One code is good once, also when two replicas get it at the same time.
func TestOfManySignInsAtOnceWithOneCodeOneSucceeds(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		c := newClock()
		replicas := []*service{newService(t, options{url: url, clock: c}), newService(t, options{url: url, clock: c})}
		app, recovery := replicas[0].enrol(t, replicas[0].user(t, "ada").Token)
		for what, code := range map[string]string{"a code of the app": app.code(0), "a recovery code": recovery[0]} {
			statuses := make([]response, 50)
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range statuses {
				all.Go(func() {
					<-start
					statuses[i] = replicas[i%2].signInWith("ada", "123456", code, fmt.Sprint("192.0.2.", i))
				})
			}
			close(start)
			all.Wait()
			succeeded := 0
			for _, got := range statuses {
				if got.status == 200 {
					succeeded++
					continue
				}
				wantProblem(t, what, got, 401, "otp-not-valid")
			}
			if succeeded != 1 {
				t.Errorf("%s: %d sign-ins succeeded, want 1", what, succeeded)
			}
		}
	})
}

// Guesses at once get no more tries than guesses in a row.
func TestParallelGuessesOfCodesAreCounted(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		c := newClock()
		guesses := defaultGuesses()
		guesses.PerNameAnywhere, guesses.PerAddress = 1000, 1000
		replicas := []*service{newService(t, options{url: url, clock: c, guesses: guesses}), newService(t, options{url: url, clock: c, guesses: guesses})}
		app, _ := replicas[0].enrol(t, replicas[0].user(t, "ada").Token)
		var mu sync.Mutex
		counts := map[int]int{}
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				got := replicas[i%2].signInWith("ada", "123456", app.wrong(), fmt.Sprint("198.51.100.", i))
				mu.Lock()
				defer mu.Unlock()
				counts[got.status]++
			})
		}
		all.Wait()
		if counts[401] != 10 || counts[429] != 40 {
			t.Errorf("got %v, want 10 tries and 40 times 429", counts)
		}
	})
}
