package limit_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
)

func TestALostRequestIsSentAgainAndLetsNobodyPass(t *testing.T) {
	t.Parallel()
	for _, lost := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			l := newLedger(50)
			g := newGateway("a", l, false)
			g.load(100)
			l.deliver("a", g.pending.Swap(0))
			lose := lost
			l.before = func(authclient.LeaseRequest) error {
				if lose--; lose >= 0 {
					return authclient.ErrUnavailable
				}
				return nil
			}
			g.load(1500)
			if got := g.passed.Load(); got != 50 || lose >= 0 {
				t.Errorf("%d lost: %d calls passed, want 50", lost, got)
			}
		})
	}
}

func TestAReplicaThatHangsLeavesTimeForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(0)
		hung := false
		l.before = func(authclient.LeaseRequest) error {
			if !hung {
				hung = true
				return authclient.ErrUnavailable
			}
			return nil
		}
		l.delay = func(ctx context.Context) {
			if !hung {
				<-ctx.Done()
			}
		}
		if got := newGateway("a", l, false).call(); got != 429 {
			t.Errorf("got %d, want 429", got)
		}
	})
}

func TestALedgerThatRefusesRequestsLetsNobodyPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(50)
		g := newGateway("a", l, false)
		refused := false
		l.before = func(authclient.LeaseRequest) error {
			if refused {
				return &authclient.RefusedError{Status: 422}
			}
			return nil
		}
		refused = true
		for range 5 {
			if got := g.call(); got != 503 {
				t.Errorf("got %d, want 503", got)
			}
			time.Sleep(time.Second)
		}
		refused = false
		if got := g.call(); got != 200 {
			t.Errorf("accepted again: got %d, want 200", got)
		}
	})
}

func TestRequestsOfOneUserWithoutResponseOpenNoQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(0)
		g := newGateway("a", l, false)
		l.before = func(r authclient.LeaseRequest) error {
			if r.UserID == 1 {
				return authclient.ErrUnavailable
			}
			return nil
		}
		var statuses [600]atomic.Int64
		var load sync.WaitGroup
		end := time.Now().Add(20 * time.Second)
		for user := range int64(3) {
			load.Go(func() {
				for time.Now().Before(end) {
					statuses[status(g, user)].Add(1)
					time.Sleep(5 * time.Millisecond)
				}
			})
		}
		load.Wait()
		if passed := statuses[200].Load(); passed != 0 {
			t.Errorf("%d calls passed of a quota of 0", passed)
		}
	})
}

func TestRequestsThatQueueLetNobodyPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(0)
		l.delay = func(context.Context) { time.Sleep(time.Second) }
		g := newGateway("a", l, false)
		var passed atomic.Int64
		var load sync.WaitGroup
		for user := range int64(500) {
			load.Go(func() {
				if status(g, user) == 200 {
					passed.Add(1)
				}
			})
		}
		load.Wait()
		if got := passed.Load(); got != 0 {
			t.Errorf("%d calls passed of a quota of 0", got)
		}
	})
}

// status is what a call of one of many users gets.
func status(g *gateway, user int64) int {
	if err := g.admit(time.Now(), user, 0); err != nil {
		return statusOf(err)
	}
	return 200
}

// A flood at auth-service once made a quota of 60 let 1,777 calls pass: no lease request got a response in time.
func TestASlowLedgerLetsNobodyPassHoweverLongItIsSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(0)
		l.before = func(authclient.LeaseRequest) error {
			time.Sleep(1400 * time.Millisecond)
			return authclient.ErrSlow
		}
		g := newGateway("a", l, false)
		for range 50 {
			if got := g.call(); got != 503 {
				t.Fatalf("got %d, want 503", got)
			}
			time.Sleep(500 * time.Millisecond)
		}
		l.before = nil
		time.Sleep(time.Second)
		if got := g.call(); got != 429 {
			t.Errorf("quick again: got %d, want 429", got)
		}
	})
}

func TestALedgerThatComesBackSlowlyClosesTheQuotasAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(0)
		l.unreachable = true
		g := newGateway("a", l, false)
		if got := g.call(); got != 200 {
			t.Fatalf("unreachable: got %d, want 200", got)
		}
		l.set(func() {
			l.unreachable = false
			l.before = func(authclient.LeaseRequest) error { return authclient.ErrSlow }
		})
		time.Sleep(2 * time.Second)
		for user := range int64(5) {
			if got := status(g, user); got != 503 {
				t.Errorf("slow: got %d, want 503", got)
			}
		}
	})
}

func TestADeliveryThatIsSlowLetsNobodyPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(-1)
		l.undelivered = true
		g := newMetered("a", l, false)
		if got := g.call(); got != 200 { // without a quota, so the ledger has to have it before a lease is requested
			t.Fatalf("without a quota: got %d, want 200", got)
		}
		l.set(func() { l.limit = 0 })
		for range 10 {
			if got := g.call(); got != 503 {
				t.Errorf("got %d, want 503", got)
			}
			time.Sleep(time.Second)
		}
	})
}
