//go:build measure

package measure_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

const (
	flooders  = 500
	floodTime = 15 * time.Second
	// rootGap is the time between two calls of the user who only calls /root.
	rootGap = 5 * time.Millisecond
	// maxRootP99 is the allowed 99th percentile of /root, while all services and clients share the machine.
	maxRootP99 = 100 * time.Millisecond
)

// TestMeasureFlood: 500 clients guess passwords as fast as they can. Each guess is for another name from another address,
// which is the most expensive kind.
func TestMeasureFlood(t *testing.T) { //nolint:paralleltest // it measures time
	s := start(t, cluster.Config{Postgres: true, Gateway: []string{"TRUSTED_PROXIES=loopback"}})
	u := s.register(t, "ada")
	s.everywhere(t, "before", u, http.StatusOK)
	var unseen []*user
	for i := range 20 {
		unseen = append(unseen, s.register(t, fmt.Sprintf("unseen%d", i)))
	}
	idle := peakBytes(t, s.Auths[0])
	flood := attack{
		Addr: s.addr(), Conns: flooders, For: floodTime,
		Calls: []call{{"POST /token", "X-Forwarded-For: 10.{c}.{o}.{n}\r\n", `{"username":"name{c}-{d}-{o}-{n}","password":"wrong"}`}},
	}.start(t)
	var first []time.Duration
	var newcomers sync.WaitGroup
	newcomers.Go(func() { first = s.callFirst(t, unseen) })
	calls := s.callAllAlong(t, u, time.Now().Add(floodTime))
	newcomers.Wait()
	all := flood()
	t.Logf("figure: %d clients guessing for %s, by status: %s; the refusals took %s", flooders, floodTime, all, spread(all.Refusals))
	t.Logf("figure: /root meanwhile: %s, none lost", spread(calls))
	t.Logf("figure: the first /root of a user whom the gateway has to look up: %s", spread(first))
	for _, p := range []*cluster.Process{s.Auths[0], s.Gateways[0]} {
		t.Logf("figure: most memory of %s: %.0f MB", p.Name, float64(peakBytes(t, p))/1e6)
	}
	found(t, fmt.Sprintf("guesses from %d addresses as fast as they can", flooders), "`/root` p99 ≤ 100 ms; who is refused is refused at once",
		fmt.Sprintf("`/root` %s; %s; refusals %s", spread(calls), all, spread(all.Refusals)))
	if p99 := percentile(calls, 99); p99 > maxRootP99 {
		t.Errorf("p99 of /root is %s, want under %s", p99, maxRootP99)
	}
	if grown := peakBytes(t, s.Auths[0]) - idle; grown > 256e6 {
		t.Errorf("auth-service grew by %d bytes", grown)
	}
	if len(all.Statuses) != 2 || all.Statuses[http.StatusUnauthorized] == 0 || all.Statuses[http.StatusServiceUnavailable] == 0 ||
		all.Unguided > 0 || all.Closed > 0 || len(all.Errors) > 0 {
		t.Errorf("got %s, %d of them without Retry-After; want 401 for some and 503 for the rest", all, all.Unguided)
	}
}

// callAllAlong calls /root at a steady pace. It does not wait for the responses to the calls before.
func (s *system) callAllAlong(t *testing.T, u *user, end time.Time) []time.Duration {
	t.Helper()
	var (
		mu    sync.Mutex
		took  []time.Duration
		calls sync.WaitGroup
	)
	tick := time.NewTicker(rootGap)
	defer tick.Stop()
	for due := range tick.C {
		if due.After(end) {
			break
		}
		calls.Go(func() {
			began := time.Now()
			if got, err := status(s.clients[0], u.Token); err != nil || got != http.StatusOK {
				t.Errorf("/root: got %d (%v), want 200", got, err)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
		})
	}
	calls.Wait()
	return took
}

// callFirst calls once for each user, spread over the time of the flood.
func (s *system) callFirst(t *testing.T, unseen []*user) []time.Duration {
	t.Helper()
	var took []time.Duration
	tick := time.NewTicker(floodTime / time.Duration(len(unseen)+1))
	defer tick.Stop()
	for _, u := range unseen {
		<-tick.C
		began := time.Now()
		s.everywhere(t, "a user who calls for the first time", u, http.StatusOK)
		took = append(took, time.Since(began))
	}
	return took
}

// peakBytes is the most memory that a process has held.
func peakBytes(t *testing.T, p *cluster.Process) int64 {
	t.Helper()
	bytes, err := testbed.PeakMemory(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
