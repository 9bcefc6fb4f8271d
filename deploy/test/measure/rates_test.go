//go:build measure

package measure_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/contract"
)

const (
	rate       = 100 // calls a second, at all gateways together
	window     = 10 * time.Second
	warmUp     = 3 * time.Second // the burst
	rateTime   = 25 * time.Second
	shareIsOut = 2 * time.Second // after the end of a gateway
)

// TestMeasureRates: how exactly three gateways keep the rate of one user who calls far more often.
func TestMeasureRates(t *testing.T) { //nolint:paralleltest // it measures time
	cfg := replicated()
	upstream := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	cfg.Routes = func(string) string {
		return fmt.Sprintf("routes:\n  - {name: limited, path: /limited, upstream: %q, rate: %d/s}\n", upstream, rate)
	}
	s := start(t, cfg)
	for _, load := range []struct {
		name  string
		calls []int // a second at each gateway
		kill  bool  // the last gateway, half-way
	}{
		{"evenly", []int{100, 100, 100}, false},
		{"90 to 10", []int{270, 30, 0}, false},
		{"evenly, and one gateway dies", []int{100, 100, 100}, true},
	} {
		t.Run(load.name, func(t *testing.T) {
			u := s.register(t, fmt.Sprint("caller-", len(load.name)))
			began := time.Now()
			passed := &passes{}
			var callers sync.WaitGroup
			for i, perSecond := range load.calls {
				if perSecond > 0 {
					callers.Go(func() { passed.call(s.clients[i], u.Token, perSecond, began.Add(rateTime)) })
				}
			}
			from := began.Add(warmUp)
			if load.kill {
				time.Sleep(rateTime / 3)
				if err := s.Gateways[2].Kill(); err != nil {
					t.Fatal(err)
				}
				from = time.Now().Add(shareIsOut)
			}
			callers.Wait()
			least, most := passed.inWindows(from, began.Add(rateTime))
			t.Logf("figure: of %v calls a second at three gateways, %s: between %d and %d pass in any %s, want %d", load.calls, load.name, least, most, window, rate*10)
			if least < rate*9 || most > rate*11 {
				t.Errorf("between %d and %d passed", least, most)
			}
		})
	}
}

// passes are the times at which calls passed.
type passes struct {
	mu  sync.Mutex
	all []time.Time
}

// call calls at a steady pace until the end. It does not wait for the responses to the calls before.
func (p *passes) call(client *contract.Client, token string, perSecond int, end time.Time) {
	var calls sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for now := time.Now(); now.Before(end); now = <-tick.C {
		calls.Go(func() {
			got, err := client.Do(http.MethodGet, "/limited", http.Header{"Authorization": {token}}, nil)
			if err != nil || got.Status != http.StatusOK {
				return // over the rate, or the gateway is dead
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.all = append(p.all, time.Now())
		})
	}
	calls.Wait()
}

// inWindows is how many passed in the windows between two times, at least and at most. The windows begin 0.1 s apart.
func (p *passes) inWindows(from, to time.Time) (least, most int) {
	slices.SortFunc(p.all, time.Time.Compare)
	least = len(p.all)
	for ; !from.Add(window).After(to); from = from.Add(100 * time.Millisecond) {
		first, _ := slices.BinarySearchFunc(p.all, from, time.Time.Compare)
		last, _ := slices.BinarySearchFunc(p.all, from.Add(window), time.Time.Compare)
		least, most = min(least, last-first), max(most, last-first)
	}
	return least, most
}
