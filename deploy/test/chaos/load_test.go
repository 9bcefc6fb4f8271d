//go:build chaos && unix

package chaos_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
)

// load is users who call again as soon as they have a response.
type load struct {
	gateways []*cluster.Process

	mu       sync.Mutex
	statuses map[int]int
	began    time.Time
	took     time.Duration
}

// pause is how long a caller waits after a response that is not 200.
const pause = 5 * time.Millisecond

// callers is how many calls each user makes at the same time.
const callers = 2

// run lets the users call until ctx ends, and waits for the last responses.
func (l *load) run(ctx context.Context, users []*user, random uint64) {
	l.statuses, l.began = map[int]int{}, time.Now()
	var wg sync.WaitGroup
	for i, u := range users {
		for j := range callers {
			rng := rand.New(rand.NewPCG(random, uint64(i*callers+j)))
			wg.Go(func() { l.call(ctx, u, rng) })
		}
	}
	wg.Wait()
	l.took = time.Since(l.began)
}

// call is one caller of a user. Each call goes to a random gateway, in one of the user's ways.
func (l *load) call(ctx context.Context, u *user, rng *rand.Rand) {
	conns := make([]*conn, len(l.gateways))
	statuses := map[int]int{}
	for ctx.Err() == nil {
		i := rng.IntN(len(conns))
		if conns[i] == nil {
			c, err := dial(l.gateways[i].URL)
			if err != nil {
				wait(ctx, pause)
				continue
			}
			conns[i] = c
		}
		by := u.ways[rng.IntN(len(u.ways))]
		by.sent.Add(1)
		status, err := conns[i].root(by.secret)
		if err != nil {
			_ = conns[i].Close() // it has failed already
			conns[i] = nil
			continue
		}
		if statuses[status]++; status == http.StatusOK {
			by.seen.Add(1)
		} else {
			by.refused.Add(1)
			wait(ctx, pause)
		}
	}
	for _, c := range conns {
		if c != nil {
			_ = c.Close() // nothing is under way
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for status, n := range statuses {
		l.statuses[status] += n
	}
}

// only fails unless every response had one of the statuses.
func (l *load) only(t *testing.T, statuses ...int) {
	t.Helper()
	for _, status := range slices.Sorted(maps.Keys(l.statuses)) {
		if !slices.Contains(statuses, status) {
			t.Errorf("got status %d, %d times; want only %v", status, l.statuses[status], statuses)
		}
	}
	t.Logf("responses by status: %v; %.0f calls per second", l.statuses, float64(l.statuses[http.StatusOK])/l.took.Seconds())
}

// wait lets time pass, unless ctx ends first.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
