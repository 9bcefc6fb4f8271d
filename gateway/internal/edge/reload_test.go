package edge_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/upstream"
)

// slowKeeper reports when a user's check has begun, and lets it end when end has a value.
type slowKeeper struct {
	keeper

	begun, end chan struct{}
}

func (k slowKeeper) Check(ctx context.Context, authorization []string) (check.Identity, error) {
	k.begun <- struct{}{}
	<-k.end
	return k.keeper.Check(ctx, authorization)
}

func TestARequestGoesOnUnderTheRoutesThatItBeganWith(t *testing.T) {
	t.Parallel()
	slow := slowKeeper{begun: make(chan struct{}), end: make(chan struct{})}
	var before, after atomic.Int64
	old := locked("/a", replica(t, counted(&before)))
	server, gw := serverWith(t, edge.Config{Check: slow}, upstream.Config{}, old)
	c, r := dial(t, gw)
	send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n")
	<-slow.begun // its route is chosen, its replica is not
	server.SetRoutes(table(t, locked("/a", replica(t, counted(&after)))))
	close(slow.end)
	if resp, body := response(t, r, "GET"); resp.StatusCode != 200 {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	if before.Load() != 1 || after.Load() != 0 {
		t.Errorf("got %d requests at the old upstream and %d at the new one, want 1 and 0", before.Load(), after.Load())
	}
}

func TestRoutesThatDoNotResolveAreWaitedForTogether(t *testing.T) {
	t.Parallel()
	names := []string{"a.test:1", "b.test:1", "c.test:1"}
	var resolving sync.WaitGroup
	resolving.Add(len(names))
	all := make(chan struct{})
	go func() {
		resolving.Wait()
		close(all)
	}()
	alone := make(chan string, len(names))
	lookup := func(ctx context.Context, host string) ([]netip.Addr, error) {
		resolving.Done()
		select {
		case <-all:
		case <-ctx.Done():
			alone <- host
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	// Each in a route of its own, and two of them in one list.
	serverWith(t, edge.Config{}, upstream.Config{Lookup: lookup}, open("/a", names[:2]...), open("/c", names[2]))
	select {
	case host := <-alone:
		t.Errorf("%s was resolved before the others were looked up", host)
	default:
	}
}
