package limit_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/limit"
)

// hub adds up what gateways report, as auth-service does.
type hub struct {
	mu      sync.Mutex
	seen    map[string]time.Time
	marks   map[string]time.Time // by user and limit
	moved   map[string]time.Time
	keys    map[string]authclient.RateCalls
	away    bool
	reports int
}

func newHub() *hub {
	return &hub{seen: map[string]time.Time{}, marks: map[string]time.Time{}, moved: map[string]time.Time{}, keys: map[string]authclient.RateCalls{}}
}

func (h *hub) ShareRates(ctx context.Context, r authclient.RateReport) (state authclient.RateState, err error) {
	select { // a network
	case <-time.After(3 * time.Millisecond):
	case <-ctx.Done():
		return state, authclient.ErrUnavailable
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reports++
	if h.away {
		return state, authclient.ErrUnavailable
	}
	for _, c := range r.Calls {
		if min(c.Step, c.Bound) < 1 || max(c.Step, c.Bound) > int64(authclient.MaxRateBacklog) {
			return state, &authclient.RefusedError{Status: 422}
		}
	}
	now := time.Now()
	h.seen[r.Gateway] = now
	for _, c := range r.Calls {
		key := fmt.Sprint(c.UserID, c.Limit)
		if h.marks[key].Before(now) {
			h.marks[key] = now
		}
		h.marks[key], h.moved[key], h.keys[key] = h.marks[key].Add(time.Duration(c.Calls*c.Step)), now, c
	}
	for _, at := range h.seen {
		if now.Sub(at) < 1500*time.Millisecond {
			state.Gateways++
		}
	}
	for key, at := range h.moved {
		if now.Sub(at) < time.Second {
			one := state.Marks[:0:0]
			one = append(one, struct {
				UserID  int64  `json:"user_id"`
				Limit   string `json:"limit"`
				Backlog int64  `json:"backlog_ns"`
			}{h.keys[key].UserID, h.keys[key].Limit, max(0, int64(h.marks[key].Sub(now)))})
			state.Marks = append(state.Marks, one...)
		}
	}
	return state, nil
}

func (h *hub) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// sharing is a gateway that shares rates.
type sharing struct {
	*limit.Rates
	passed, refused atomic.Int64
	stop            func()
}

// fleet starts gateways that share rates, and lets them hear of each other.
func fleet(t *testing.T, h *hub, gateways int, rate limit.Rate) []*sharing {
	t.Helper()
	var all []*sharing
	for i := range gateways {
		ctx, cancel := context.WithCancel(t.Context())
		s := &sharing{Rates: limit.NewRates(limit.RateConfig{
			Gateway: fmt.Sprint("gateway-", i), Sharer: h, Log: slog.New(slog.DiscardHandler), Bound: 1 << 16,
		})}
		var running sync.WaitGroup
		running.Go(func() { _ = s.Run(ctx) }) // ends with ctx
		s.stop = func() { cancel(); running.Wait() }
		t.Cleanup(s.stop)
		all = append(all, s)
		_ = s.call(t, 1, rate) // others hear of the gateway
		s.passed.Store(0)
	}
	time.Sleep(2 * time.Second)
	return all
}

func (s *sharing) call(t *testing.T, user int64, rate limit.Rate) error {
	t.Helper()
	err := s.Allow(t.Context(), time.Now(), user, new(limit.Standings), limit.Limit{Key: 1, Name: "root", Rate: rate})
	if err == nil {
		s.passed.Add(1)
	} else {
		s.refused.Add(1)
	}
	return err
}

// load makes calls, evenly in time, until it ends.
func (s *sharing) load(t *testing.T, user int64, rate limit.Rate, perSecond int, end time.Time, wg *sync.WaitGroup) {
	t.Helper()
	wg.Go(func() {
		for time.Now().Before(end) {
			_ = s.call(t, user, rate)
			time.Sleep(time.Second / time.Duration(perSecond))
		}
	})
}

func total(all []*sharing) (n int64) {
	for _, s := range all {
		n += s.passed.Load()
	}
	return n
}
