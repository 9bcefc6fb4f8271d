package upstream_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// start returns a running upstream.
func start(t *testing.T, spec upstream.Spec) *upstream.Upstream {
	t.Helper()
	return startIn(t, upstream.Config{Log: slog.New(slog.DiscardHandler)}, spec)
}

// startIn is start with a registry of one's own.
func startIn(t *testing.T, own upstream.Config, spec upstream.Spec) *upstream.Upstream {
	t.Helper()
	if own.Watch == nil {
		own.Watch = wire.NewWatch()
		go own.Watch.Run(t.Context())
	}
	if own.Log == nil {
		own.Log = slog.New(slog.DiscardHandler)
	}
	spec.Timeouts = upstream.Timeouts{Connect: time.Second, FirstByte: time.Second, Progress: time.Second}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return upstream.New(own).Start(ctx, spec)
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(time.Millisecond) // the upstream's own goroutines are waited for
	}
}

func TestAnUnhealthyReplicaGetsNothingUntilItIsHealthy(t *testing.T) {
	t.Parallel()
	var failing atomic.Bool
	moody := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failing.Load() || r.URL.Path != "/health" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer moody.Close()
	steady := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer steady.Close()
	a, b := moody.Listener.Addr().String(), steady.Listener.Addr().String()
	u := start(t, upstream.Spec{Addresses: []string{a, b}, Health: "/health"})

	failing.Store(true)
	until(t, "found unhealthy", func() bool { return !u.Replicas()[a] })
	for range 100 {
		if got := u.Picked(); got != b {
			t.Fatalf("an unhealthy replica was picked")
		}
	}
	failing.Store(false)
	until(t, "found healthy", func() bool { return u.Replicas()[a] })
	until(t, "picked again", func() bool { return u.Picked() == a })
}

func TestOnlyAReplicaThatHangsLosesItsRequests(t *testing.T) {
	t.Parallel()
	for responds, want := range map[bool]bool{true: false, false: true} {
		addrs := servers(t, 2)
		u := start(t, upstream.Spec{Addresses: addrs})
		stopped, err := u.Wait(addrs[0], true)
		if err != nil {
			t.Fatal(err)
		}
		if u.FindUnhealthy(addrs[0], responds); stopped() != want {
			t.Errorf("it responds %t: stopped %t, want %t", responds, stopped(), want)
		}
	}
}

func TestIfAllAreUnhealthyAllAreTried(t *testing.T) {
	t.Parallel()
	const a, b = "127.0.0.1:1", "127.0.0.1:2"
	u := start(t, upstream.Spec{Addresses: []string{a, b}})
	until(t, "found unhealthy", func() bool { return !u.Replicas()[a] && !u.Replicas()[b] })
	picked := map[string]bool{}
	for range 200 {
		picked[u.Picked()] = true
	}
	if !picked[a] || !picked[b] {
		t.Errorf("got %v, want both", picked)
	}
}

func TestOfTwoReplicasTheLessBusyOneIsPicked(t *testing.T) {
	t.Parallel()
	addrs := servers(t, 2)
	busy, free := addrs[0], addrs[1]
	u := start(t, upstream.Spec{Addresses: addrs})
	u.Occupy(busy, 5)
	for range 200 {
		if got := u.Picked(); got != free {
			t.Fatalf("got %s", got)
		}
	}
}

func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	var b upstream.Budget
	allowed := func(total uint64, requests int) (n int) {
		for range requests {
			if b.Allow(total) {
				n++
			}
		}
		return n
	}
	if got := allowed(0, 1000); got != upstream.RetryBurst {
		t.Errorf("at once: got %d, want %d", got, upstream.RetryBurst)
	}
	if got := allowed(100, 1000); got != 20 {
		t.Errorf("after 100 requests more: got %d, want 20", got)
	}
	if got := allowed(1_000_000, 1000); got != upstream.RetryBurst {
		t.Errorf("after a million: got %d, want %d", got, upstream.RetryBurst)
	}
	if got := allowed(10, 10); got != 0 {
		t.Errorf("after replicas have gone, and their count with them: got %d, want 0", got)
	}
}

// servers are addresses at which something responds.
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
