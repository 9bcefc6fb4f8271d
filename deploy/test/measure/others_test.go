//go:build measure

package measure_test

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/contract"
)

// othersTimeout is how long the others wait for a response.
const othersTimeout = 5 * time.Second

// pace is how often the other users call while one client attacks. Zero is never.
type pace struct {
	Root     time.Duration // /root on connections that stay open
	NewConn  time.Duration // /root on a connection of its own
	SignIn   time.Duration
	Account  time.Duration // GET /users/me
	Register time.Duration
}

// usual is the pace in most attacks.
var usual = pace{Root: 10 * time.Millisecond, NewConn: 100 * time.Millisecond}

// others are the users who do nothing wrong.
type others struct {
	user          *user
	kept, newConn *contract.Client
	address       string // sent in X-Forwarded-For if it is not empty
}

// newOthers returns the others of a Tallygate at base, who call from address.
func newOthers(base string, u *user, address string) *others {
	kept, newConn := contract.NewClient(base), contract.NewClient(base)
	for _, c := range []*contract.Client{kept, newConn} {
		c.HTTP.Timeout = othersTimeout
		c.HTTP.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // a certificate of the test's own
	}
	newConn.HTTP.Transport.(*http.Transport).DisableKeepAlives = true
	return &others{user: u, kept: kept, newConn: newConn, address: address}
}

// suffered is how the others fared.
type suffered struct {
	mu     sync.Mutex
	took   map[string][]time.Duration // by kind of call, without those that failed
	failed map[string]int             // by kind of call and what came instead
}

// call makes every call of the pace from now to the end, without waiting for the responses to the calls before.
func (o *others) call(p pace, end time.Time) *suffered {
	s := &suffered{took: map[string][]time.Duration{}, failed: map[string]int{}}
	var kinds sync.WaitGroup
	every := func(gap time.Duration, kind string, want int, call func(i int) (contract.Response, error)) {
		if gap > 0 {
			kinds.Go(func() { s.steadily(gap, end, kind, want, call) })
		}
	}
	token := http.Header{"Authorization": {o.user.Token}}
	json := http.Header{"Content-Type": {"application/json"}}
	if o.address != "" {
		token.Set("X-Forwarded-For", o.address)
		json.Set("X-Forwarded-For", o.address)
	}
	body := fmt.Appendf(nil, `{"username":%q,"password":%q}`, o.user.Username, o.user.Password)
	began := time.Now().UnixNano()
	every(p.Root, "`/root`", 200, func(int) (contract.Response, error) { return o.kept.Do("GET", rootPath, token, nil) })
	every(p.NewConn, "`/root` on a new connection", 200, func(int) (contract.Response, error) { return o.newConn.Do("GET", rootPath, token, nil) })
	every(p.SignIn, "sign-in", 200, func(int) (contract.Response, error) { return o.kept.Do("POST", "/token", json, body) })
	every(p.Account, "account call", 200, func(int) (contract.Response, error) { return o.kept.Do("GET", "/users/me", token, nil) })
	every(p.Register, "registration", 201, func(i int) (contract.Response, error) {
		return o.kept.Do("POST", "/users/register", json, fmt.Appendf(nil, `{"username":"newcomer-%d-%d","password":"correct horse"}`, began, i))
	})
	kinds.Wait()
	return s
}

const rootPath = "/root?number=9&n=0.5"

func (s *suffered) steadily(gap time.Duration, end time.Time, kind string, want int, call func(i int) (contract.Response, error)) {
	var calls sync.WaitGroup
	tick := time.NewTicker(gap)
	defer tick.Stop()
	i := 0
	for due := range tick.C {
		if due.After(end) {
			break
		}
		calls.Go(func() {
			began := time.Now()
			got, err := call(i)
			s.note(kind, time.Since(began), got.Status, want, err)
		})
		i++
	}
	calls.Wait()
}

func (s *suffered) note(kind string, took time.Duration, status, want int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && strings.Contains(err.Error(), "Timeout exceeded"):
		s.failed[kind+": no response in "+othersTimeout.String()]++
	case err != nil:
		s.failed[kind+": no response"]++
	case status != want:
		s.failed[fmt.Sprintf("%s: %d", kind, status)]++
	default:
		s.took[kind] = append(s.took[kind], took)
	}
}

// String describes it for the table.
func (s *suffered) String() string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(s.took)) {
		parts = append(parts, fmt.Sprintf("%s p50 %s, p99 %s", kind, ms(percentile(s.took[kind], 50)), ms(percentile(s.took[kind], 99))))
	}
	for _, what := range slices.Sorted(maps.Keys(s.failed)) {
		parts = append(parts, fmt.Sprintf("**%d × %s**", s.failed[what], what))
	}
	return strings.Join(parts, "; ")
}

// within checks that nothing failed and that the 99th percentiles are within their bounds. A kind without a bound has none.
func (s *suffered) within(t *testing.T, bounds map[string]time.Duration) {
	t.Helper()
	for what, count := range s.failed {
		t.Errorf("the others: %d × %s", count, what)
	}
	for kind, bound := range bounds {
		if p99 := percentile(s.took[kind], 99); p99 > bound || len(s.took[kind]) == 0 {
			t.Errorf("the others: p99 of %s is %s of %d, want at most %s", kind, p99, len(s.took[kind]), bound)
		}
	}
}

// ms writes a duration in milliseconds.
func ms(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.0f ms", float64(d)/1e6)
}
