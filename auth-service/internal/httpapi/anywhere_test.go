package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// guessAtOnce guesses a name at many addresses at once, and counts the responses by status.
func guessAtOnce(s []*service, name string, guesses int, address func(i int) string) map[int]int {
	var mu sync.Mutex
	count := map[int]int{}
	var all sync.WaitGroup
	for i := range guesses {
		all.Go(func() {
			got := s[i%len(s)].guess(name, "wrong", address(i))
			mu.Lock()
			defer mu.Unlock()
			count[got.status]++
		})
	}
	all.Wait()
	return count
}

// TestGuessesOfOneNameAtManyAddressesAreBounded: 40 addresses have ten free failures each, the name has 100.
func TestGuessesOfOneNameAtManyAddressesAreBounded(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		clock := newClock() // it stands still: no delay ever ends
		replicas := []*service{newService(t, options{url: url, clock: clock, guesses: defaultGuesses()})}
		if strings.HasPrefix(url, "postgres") {
			replicas = append(replicas, newService(t, options{url: url, clock: clock, guesses: defaultGuesses()}))
		}
		s := replicas[0]
		s.register(t, "ada", "123456")
		const home, far = "198.51.100.7", "198.51.100.200"
		if got := s.guess("ada", "123456", home); got.status != 200 {
			t.Fatalf("got %d", got.status)
		}
		for _, name := range []string{"ada", "nobody"} {
			count := guessAtOnce(replicas, name, 400, func(i int) string { return fmt.Sprintf("203.0.113.%d", i%40) })
			if count[401] != 100 || count[429] != 300 {
				t.Errorf("%s: got %v, want 100 times 401 and 300 times 429", name, count)
			}
			got := s.guess(name, "123456", far)
			if want := `"name-anywhere";q=100;w=900`; got.status != 429 || got.header.Get("Retry-After") != "1" || got.header.Get("RateLimit-Policy") != want {
				t.Errorf("%s at a new address: got %d %v, want 429 and %s", name, got.status, got.header, want)
			}
		}
		if got := s.guess("ada", "123456", home); got.status != 200 {
			t.Errorf("the owner at a known address: got %d, want 200", got.status)
		}
		if got := s.guess("bob", "wrong", far); got.status != 401 {
			t.Errorf("another name: got %d, want 401", got.status)
		}
		clock.advance(time.Second)
		if got := s.guess("ada", "123456", far); got.status != 200 {
			t.Errorf("the owner at a new address after the delay: got %d, want 200", got.status)
		}
	})
}

func TestASiteOfIPv6AddressesIsCountedToo(t *testing.T) {
	t.Parallel()
	limits := defaultGuesses()
	limits.PerName, limits.PerAddress, limits.PerNameAnywhere, limits.Registrations = 2, 3, 1000, 1
	s := newService(t, options{guesses: limits})
	address := func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }
	if count := guessAtOnce([]*service{s}, "ada", 50, address); count[401] != 30 || count[429] != 20 {
		t.Errorf("got %v, want 30 times 401, ten times as many as at one address", count)
	}
	if got := s.guess("eve", "wrong", address(100)); got.status != 429 || !strings.HasPrefix(got.header.Get("RateLimit-Policy"), `"address-site";q=30;`) {
		t.Errorf("another name at another address of the site: got %d %v, want 429", got.status, got.header)
	}
	if got := s.guess("eve", "wrong", "2001:db8:2:1::1"); got.status != 401 {
		t.Errorf("another site: got %d, want 401", got.status)
	}
	created := 0
	for i := range 15 {
		got := s.do(call{method: "POST", path: "/users/register", body: credentials(fmt.Sprint("user", i), "123456"), address: address(i)})
		if got.status == http.StatusCreated {
			created++
		}
	}
	if created != 10 {
		t.Errorf("%d users registered at one site, want 10", created)
	}
}

func TestAFailedSignInIsLoggedWithAHashOfTheName(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newService(t, options{log: &log})
	s.register(t, "ada-lovelace", "123456")
	for _, name := range []string{"ada-lovelace", "ADA-Lovelace", "somebody-else"} {
		s.guess(name, "wrong", "")
	}
	hashes := regexp.MustCompile(`"event":"sign-in failed".*"name_hash":"([0-9a-f]{32})"`).FindAllStringSubmatch(log.String(), -1)
	if len(hashes) != 3 || hashes[0][1] != hashes[1][1] || hashes[0][1] == hashes[2][1] {
		t.Errorf("got %v, want the same hash for two spellings and another one for another name", hashes)
	}
	if strings.Contains(strings.ToLower(log.String()), "lovelace") || strings.Contains(log.String(), "somebody") {
		t.Error("a name is in the log")
	}
}
