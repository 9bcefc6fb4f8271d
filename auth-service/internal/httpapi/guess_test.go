package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/password"
)

func (s *service) guess(name, password, address string) response {
	return s.do(call{method: "POST", path: "/token", body: credentials(name, password), address: address})
}

func TestDelayGrowsAfterTenFailures(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ada", "nobody"} {
		s := newService(t, options{guesses: defaultGuesses()})
		s.register(t, "ada", "123456")
		for range 10 {
			if got := s.guess(name, "wrong", ""); got.status != 401 {
				t.Fatalf("%s: a free failure: got %d", name, got.status)
			}
		}
		wait := 1
		for range 12 {
			for range 3 { // trying again makes it no worse
				got := s.guess(name, "123456", "")
				if got.status != 429 || got.header.Get("Retry-After") != strconv.Itoa(wait) {
					t.Fatalf("%s: got %d, Retry-After %s, want 429, %d", name, got.status, got.header.Get("Retry-After"), wait)
				}
			}
			s.clock.advance(time.Duration(wait) * time.Second)
			if got := s.guess(name, "wrong", ""); got.status != 401 {
				t.Fatalf("%s: after %d s: got %d", name, wait, got.status)
			}
			wait = min(2*wait, 900)
		}
		s.clock.advance(30 * time.Minute)
		if got := s.guess(name, "wrong", ""); got.status != 401 {
			t.Errorf("%s: it is not forgotten: got %d", name, got.status)
		}
	}
}

func TestRightPasswordResetsTheFailuresOfItsOwnNameOnly(t *testing.T) {
	t.Parallel()
	s := newService(t, options{guesses: defaultGuesses()})
	s.register(t, "ada", "123456")
	for range 3 {
		for range 9 {
			s.guess("ada", "wrong", "")
		}
		s.signIn(t, "ada", "123456")
	}
	for i := range 91 {
		s.guess(fmt.Sprint("nobody", i), "wrong", "192.0.2.2")
		if i == 50 {
			fetch[signedIn](t, s, call{method: "POST", path: "/token", body: credentials("ada", "123456"), address: "192.0.2.2"}, 200)
		}
	}
	for i := range 9 {
		if got := s.guess(fmt.Sprint("somebody", i), "wrong", "192.0.2.2"); got.status != 401 {
			t.Fatalf("failure %d at the address: got %d", 92+i, got.status)
		}
	}
	if got := s.guess("another", "wrong", "192.0.2.2"); got.status != 429 {
		t.Errorf("failure 101 at the address: got %d, want 429", got.status)
	}
}

func TestOwnerSignsInAtAKnownAddressWhileOthersHammerTheName(t *testing.T) {
	t.Parallel()
	s := newService(t, options{guesses: defaultGuesses()})
	s.register(t, "ada", "123456")
	const home = "198.51.100.7"
	if got := s.guess("ada", "123456", home); got.status != 200 {
		t.Fatalf("got %d", got.status)
	}
	for i := range 101 {
		s.guess("ada", "wrong", fmt.Sprintf("203.0.113.%d", i%5))
		s.guess(fmt.Sprint("nobody", i), "wrong", home) // a neighbour behind the same address
	}
	if got := s.guess("ada", "123456", "203.0.113.0"); got.status != 429 {
		t.Errorf("at an attacker's address: got %d, want 429", got.status)
	}
	if got := s.guess("bob", "123456", home); got.status != 429 {
		t.Errorf("another name at the hammered address: got %d, want 429", got.status)
	}
	if got := s.guess("ada", "123456", home); got.status != 200 {
		t.Errorf("at home: got %d, want 200", got.status)
	}
}

func TestAddressIsTakenFromTrustedHopsOnly(t *testing.T) {
	t.Parallel()
	s := newService(t, options{guesses: defaultGuesses()})
	s.register(t, "ada", "123456")
	for i := range 10 {
		// The client can make up everything left of the last hop.
		s.guess("ada", "wrong", fmt.Sprintf("198.51.100.%d, 203.0.113.9", i))
	}
	if got := s.guess("ada", "123456", "198.51.100.99, 203.0.113.9"); got.status != 429 {
		t.Errorf("got %d, want 429", got.status)
	}
	if got := s.guess("ada", "123456", "203.0.113.10"); got.status != 200 {
		t.Errorf("another address: got %d, want 200", got.status)
	}
}

func TestRegistrationsCanBeLimitedByAddress(t *testing.T) {
	t.Parallel()
	limits := defaultGuesses()
	limits.Registrations = 3
	s := newService(t, options{guesses: limits})
	register := func(name, address string) response {
		return s.do(call{method: "POST", path: "/users/register", body: credentials(name, "123456"), address: address})
	}
	for i := range 3 {
		if got := register(fmt.Sprint("user", i), ""); got.status != 201 {
			t.Fatalf("registration %d: got %d", i, got.status)
		}
	}
	if got := register("user3", ""); got.status != 429 || got.header.Get("Retry-After") != "1" {
		t.Errorf("past the free ones: got %d %v", got.status, got.header)
	}
	if got := register("user0", ""); got.status != 200 {
		t.Errorf("a name that is taken: got %d, want 200", got.status)
	}
	if got := register("user3", "192.0.2.77"); got.status != 201 {
		t.Errorf("another address: got %d, want 201", got.status)
	}
	if got := s.guess("user0", "123456", ""); got.status != 200 {
		t.Errorf("sign-in at that address: got %d, want 200", got.status)
	}
}

// TestThousandGuessesAtOnceGetNoMoreTries: they get ten tries, as a thousand in a row would. A busy machine may refuse some
// with 503. What then remains of the ten can be tried later, but no more.
func TestThousandGuessesAtOnceGetNoMoreTries(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		clock := newClock() // it stands still: no delay ever ends
		replicas := []*service{newService(t, options{url: url, clock: clock, guesses: defaultGuesses()})}
		if strings.HasPrefix(url, "postgres") {
			replicas = append(replicas, newService(t, options{url: url, clock: clock, guesses: defaultGuesses()}))
		}
		replicas[0].register(t, "ada", "123456")
		var mu sync.Mutex
		count := map[int]int{}
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				got := replicas[i%len(replicas)].guess("ada", "wrong", "")
				mu.Lock()
				defer mu.Unlock()
				count[got.status]++
			})
		}
		all.Wait()
		tried, refused, busy := count[http.StatusUnauthorized], count[http.StatusTooManyRequests], count[http.StatusServiceUnavailable]
		if tried > 10 || tried+refused+busy != 1000 || busy == 0 && tried != 10 {
			t.Fatalf("got %v, want 10 times 401 and 990 times 429", count)
		}
		if busy == 0 || tried == 10 {
			return
		}
		clock.advance(time.Minute) // attempts that were given up are no longer pending
		for range 10 - tried + 1 {
			count[replicas[0].guess("ada", "wrong", "").status]++
		}
		if again := count[http.StatusUnauthorized]; again > 10 || count[http.StatusTooManyRequests] == refused {
			t.Errorf("in all got %v, want at most 10 times 401 and then 429", count)
		}
	})
}

func TestHundredRightPasswordsAtOnceAllPass(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, guesses: defaultGuesses()})
		s.register(t, "ada", "123456")
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if got := s.guess("ada", "123456", ""); got.status != 200 {
					t.Errorf("got %d %s", got.status, got.body)
				}
			})
		}
		all.Wait()
	})
}

func TestRefusalForTooManyTriesNamesItsLimit(t *testing.T) {
	t.Parallel()
	limits := defaultGuesses()
	limits.PerName, limits.PerAddress, limits.Registrations = 2, 5, 1
	s := newService(t, options{guesses: limits})
	s.register(t, "ada", "123456")
	for i := range 5 {
		s.guess("ada", "wrong", "")
		s.guess(fmt.Sprint("nobody", i), "wrong", "192.0.2.2")
	}
	for policy, got := range map[string]response{
		`"name";q=2;w=900`:          s.guess("ada", "123456", ""),
		`"address";q=5;w=900`:       s.guess("ada", "123456", "192.0.2.2"),
		`"registrations";q=1;w=900`: s.do(call{method: "POST", path: "/users/register", body: credentials("eve", "123456")}),
	} {
		name, _, _ := strings.Cut(policy, ";")
		if got.status != 429 || got.header.Get("RateLimit-Policy") != policy || got.header.Get("RateLimit") != name+";r=0;t=1" {
			t.Errorf("got %d %v, want 429 and %s", got.status, got.header, policy)
		}
	}
}

func TestRegistrationThatIsRefusedIsNotCounted(t *testing.T) {
	t.Parallel()
	limits := defaultGuesses()
	limits.Registrations = 3
	s := newService(t, options{guesses: limits, policy: must(password.NewPolicy(6, false))(t)})
	for i := range 10 {
		got := s.do(call{method: "POST", path: "/users/register", body: credentials(fmt.Sprint("user", i), "short")})
		if got.status != 422 {
			t.Fatalf("a short password: got %d %s", got.status, got.body)
		}
	}
	// Three of the registrations that come at once succeed, as many as are free. Names that are taken do not count.
	var mu sync.Mutex
	count := map[int]int{}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			got := s.do(call{method: "POST", path: "/users/register", body: credentials(fmt.Sprint("user", i%20), "123456")})
			mu.Lock()
			defer mu.Unlock()
			count[got.status]++
		})
	}
	all.Wait()
	if count[201] != 3 || count[200]+count[201]+count[429] != 40 {
		t.Errorf("got %v, want 3 times 201", count)
	}
}
