package forward_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// firstByte is how long the upstreams may take to respond.
const firstByte = 2 * time.Second

// start returns a running upstream.
func start(t *testing.T, cfg upstream.Config, addrs ...string) *upstream.Upstream {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return upstream.New(cfg).Start(ctx, upstream.Spec{Addresses: addrs, Timeouts: upstream.Timeouts{
		Connect: time.Second, FirstByte: firstByte, Progress: 5 * time.Second,
	}})
}

func TestARequestGoesElsewhereIfAnotherReplicaIsLeft(t *testing.T) {
	t.Parallel()
	const dead, other = "127.0.0.1", "127.0.0.2"
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
			var now atomic.Pointer[[]string] // what the name stands for
			now.Store(&[]string{dead, other})
			watch := wire.NewWatch()
			go watch.Run(t.Context())
			u := start(t, upstream.Config{Watch: watch, Lookup: func(context.Context, string) (addrs []netip.Addr, err error) {
				for _, addr := range *now.Load() {
					addrs = append(addrs, netip.MustParseAddr(addr))
				}
				return addrs, nil
			}}, "name.test:1")
			tried := u.Pick(nil)
			for tried.Addr() != dead+":1" {
				tried = u.Pick(tried)
			}
			now.Store(&test.left)
			for u.Len() != len(test.left) {
				time.Sleep(10 * time.Millisecond) // the upstream's own goroutine is waited for
			}
			if got := forward.GoesElsewhere(u, tried); got != test.want {
				t.Errorf("sent elsewhere: got %t, want %t", got, test.want)
			}
		})
	}
}

func TestAnUnsentRequestIsTriedOnAnyReplicaAndThenOnAvailableOnes(t *testing.T) {
	t.Parallel()
	var addrs []string
	for range 3 {
		up := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(up.Close)
		addrs = append(addrs, up.Listener.Addr().String())
	}
	// The watch does not run: time stands still, and what is ejected stays so.
	u := start(t, upstream.Config{Watch: wire.NewWatch()}, addrs...)
	if got := forward.Offers(u); got != 3 {
		t.Errorf("all thought available: offered to %d, want 3", got)
	}
	if got := forward.Offers(u); got != 2 {
		t.Errorf("all known dead: offered to %d, want 2", got)
	}
}
