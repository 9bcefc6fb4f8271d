package upstream_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/wire"
)

// newSet returns a running set.
func newSet(t *testing.T, cfg forward.SetConfig) *forward.Set {
	t.Helper()
	return newSetOf(t, forward.Config{Log: slog.New(slog.DiscardHandler)}, cfg)
}

// newSetOf is newSet with an engine of one's own.
func newSetOf(t *testing.T, own forward.Config, cfg forward.SetConfig) *forward.Set {
	t.Helper()
	if own.Via = "test"; own.Watch == nil {
		own.Watch = wire.NewWatch()
		go own.Watch.Run(t.Context())
	}
	engine := forward.New(own)
	cfg.Limits = forward.Limits{Connect: time.Second, FirstByte: time.Second, Progress: time.Second}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return engine.NewSet(ctx, cfg)
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(time.Millisecond) // the set's own goroutines are waited for
	}
}

func TestASickReplicaGetsNothingUntilItIsWell(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	moody := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sick.Load() || r.URL.Path != "/health" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer moody.Close()
	steady := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer steady.Close()
	a, b := moody.Listener.Addr().String(), steady.Listener.Addr().String()
	s := newSet(t, forward.SetConfig{Addresses: []string{a, b}, Health: "/health"})

	sick.Store(true)
	until(t, "found sick", func() bool { return !s.Replicas()[a] })
	for range 100 {
		if got := s.Picked(); got != b {
			t.Fatalf("a sick replica was picked")
		}
	}
	sick.Store(false)
	until(t, "found well", func() bool { return s.Replicas()[a] })
	until(t, "picked again", func() bool { return s.Picked() == a })
}

func TestOnlyAReplicaThatHangsLosesWhatItHas(t *testing.T) {
	t.Parallel()
	for answers, want := range map[bool]bool{true: false, false: true} {
		addrs := servers(t, 2)
		s := newSet(t, forward.SetConfig{Addresses: addrs})
		stopped, err := s.Wait(addrs[0])
		if err != nil {
			t.Fatal(err)
		}
		if s.FindsSick(addrs[0], answers); stopped() != want {
			t.Errorf("it answers %t: stopped %t, want %t", answers, stopped(), want)
		}
	}
}

func TestIfAllAreSickAllAreTried(t *testing.T) {
	t.Parallel()
	const a, b = "127.0.0.1:1", "127.0.0.1:2"
	s := newSet(t, forward.SetConfig{Addresses: []string{a, b}})
	until(t, "found sick", func() bool { return !s.Replicas()[a] && !s.Replicas()[b] })
	picked := map[string]bool{}
	for range 200 {
		picked[s.Picked()] = true
	}
	if !picked[a] || !picked[b] {
		t.Errorf("got %v, want both", picked)
	}
}

func TestOfTwoReplicasTheLessBusyOneIsPicked(t *testing.T) {
	t.Parallel()
	addrs := servers(t, 2)
	busy, free := addrs[0], addrs[1]
	s := newSet(t, forward.SetConfig{Addresses: addrs})
	s.Occupy(busy, 5)
	for range 200 {
		if got := s.Picked(); got != free {
			t.Fatalf("got %s", got)
		}
	}
}

func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	var b forward.Budget
	allowed := func(total uint64, asks int) (n int) {
		for range asks {
			if b.Allow(total) {
				n++
			}
		}
		return n
	}
	if got := allowed(0, 1000); got != forward.RetryBurst {
		t.Errorf("at once: got %d, want %d", got, forward.RetryBurst)
	}
	if got := allowed(100, 1000); got != 20 {
		t.Errorf("after 100 requests more: got %d, want 20", got)
	}
	if got := allowed(1_000_000, 1000); got != forward.RetryBurst {
		t.Errorf("after a million: got %d, want %d", got, forward.RetryBurst)
	}
	if got := allowed(10, 10); got != 0 {
		t.Errorf("after replicas have gone, and their count with them: got %d, want 0", got)
	}
}

func TestADeadReplicaThatItsNameLosesMeanwhileLeavesTheOther(t *testing.T) {
	t.Parallel()
	const dead, other = "127.0.0.1:1", "127.0.0.1:2"
	for _, test := range []struct {
		name string
		left []string
		want bool
	}{
		{"both are still there", []string{dead, other}, true},
		{"the dead one is gone", []string{other}, true},
		{"only the dead one is left", []string{dead}, false},
		{"none is left", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSet(t, forward.SetConfig{Addresses: []string{dead, other}})
			if got := s.GoesElsewhere(dead, test.left...); got != test.want {
				t.Errorf("sent elsewhere: got %t, want %t", got, test.want)
			}
		})
	}
}

func TestWhatNoReplicaHasSeenGoesOnToAnyAndThenToTheWell(t *testing.T) {
	t.Parallel()
	// The watch does not run: time stands still, and whoever rests goes on to.
	s := newSetOf(t, forward.Config{Watch: wire.NewWatch(), Log: slog.New(slog.DiscardHandler)}, forward.SetConfig{Addresses: servers(t, 3)})
	if got := s.Offers(); got != 3 {
		t.Errorf("all thought well: offered to %d, want 3", got)
	}
	if got := s.Offers(); got != 2 {
		t.Errorf("all known dead: offered to %d, want 2", got)
	}
}

// servers are addresses at which something answers.
func servers(t *testing.T, n int) []string {
	t.Helper()
	var addrs []string
	for range n {
		up := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(up.Close)
		addrs = append(addrs, up.Listener.Addr().String())
	}
	return addrs
}
