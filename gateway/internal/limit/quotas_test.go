package limit_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/limit"
)

func TestThreeGatewaysLetTheQuotaThroughAndNotOneCallMore(t *testing.T) {
	t.Parallel()
	for _, quota := range []int64{0, 1, 10, 1000, 5000} {
		t.Run(strconv.FormatInt(quota, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(quota)
				ctx, cancel := context.WithCancel(t.Context())
				var gateways [3]*gateway
				var load, background sync.WaitGroup
				for i := range gateways {
					g := newGateway(strconv.Itoa(i), l, false)
					gateways[i] = g
					background.Go(func() { g.delivering(ctx) })
					for range 4 {
						load.Go(func() { g.load(2000) })
					}
				}
				load.Wait()
				time.Sleep(2 * time.Minute) // what a gateway did not use comes back
				for _, g := range gateways {
					g.load(int(quota)/10 + 2000)
				}
				cancel()
				background.Wait()
				var passed int64
				for _, g := range gateways {
					passed += g.passed.Load()
				}
				if passed != quota {
					t.Errorf("%d calls passed, want %d", passed, quota)
				}
			})
		})
	}
}

func TestALostResponseCostsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(100)
		g := newGateway("a", l, true)
		for range 300 {
			l.set(func() { l.loseNext = l.requests%2 == 0 })
			g.call()
			time.Sleep(1100 * time.Millisecond)
			l.deliver("a", g.pending.Swap(0))
		}
		if got := g.passed.Load(); got != 100 {
			t.Errorf("%d calls passed, want 100", got)
		}
	})
}

func TestASlowUserLosesNothingToReservationsThatRunOut(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{time.Second, 31 * time.Second, 59 * time.Second, 61 * time.Second, 10 * time.Minute} {
		t.Run(every.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(200)
				g := newGateway("a", l, true)
				ctx, cancel := context.WithCancel(t.Context())
				var background sync.WaitGroup
				background.Go(func() { _ = g.Run(ctx) })
				for n := range 200 {
					if got := g.call(); got != 200 {
						t.Fatalf("call %d: got %d", n, got)
					}
					l.deliver("a", g.pending.Swap(0))
					time.Sleep(every)
				}
				if got := g.call(); got != 429 {
					t.Errorf("after the quota: got %d", got)
				}
				cancel()
				background.Wait()
			})
		})
	}
}

func TestWhatADeadGatewayHeldComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(100)
		dead, alive := newGateway("dead", l, false), newGateway("alive", l, false)
		dead.load(1)
		l.deliver("dead", 1)
		alive.load(200)
		if got := alive.passed.Load(); got < 90 || got >= 99 {
			t.Errorf("%d calls passed beside the dead gateway's", got)
		}
		l.deliver("alive", alive.pending.Swap(0))
		time.Sleep(2 * useWithin)
		alive.load(2000)
		if got := alive.passed.Load(); got != 99 {
			t.Errorf("%d calls passed, want 99", got)
		}
	})
}

func TestWhatWasReservedIsNotUsedOnceTheLedgerHasGivenItAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(100)
		idle, busy := newGateway("idle", l, false), newGateway("busy", l, false)
		idle.load(1)
		l.deliver("idle", 1)
		time.Sleep(2*useWithin + time.Second)
		busy.load(2000)
		l.deliver("busy", busy.pending.Swap(0))
		idle.load(100)
		if got := idle.passed.Load() + busy.passed.Load(); got != 100 {
			t.Errorf("%d calls passed, want 100", got)
		}
	})
}

func TestARefusalSaysWhenTheMonthEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGateway("a", newLedger(0), false)
		at := time.Date(2026, 12, 31, 23, 59, 0, 500, time.UTC)
		got, ok := errors.AsType[*limit.QuotaError](g.admit(at, 7, 0))
		if !ok {
			t.Fatal("passed")
		}
		want := limit.QuotaError{
			Name: "month", Cost: 1,
			Begins: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Ends: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
			Wait: time.Minute - 500,
		}
		if *got != want {
			t.Errorf("got %+v, want %+v", *got, want)
		}
	})
}

func TestWhileTheLedgerIsUnreachableLeasedCallsPassAndThenThePolicyDecides(t *testing.T) {
	t.Parallel()
	for _, refuse := range []bool{false, true} {
		t.Run(strconv.FormatBool(refuse), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(1000)
				g := newGateway("a", l, refuse)
				g.load(1)
				l.set(func() { l.unreachable = true })
				g.load(5) // leased
				if got := g.passed.Load(); got != 6 {
					t.Errorf("%d of 6 leased calls passed", got)
				}
				g.load(100)
				passed := g.passed.Load()
				if refuse && passed > 20 || !refuse && passed != 106 {
					t.Errorf("%d calls passed", passed)
				}
				l.set(func() { l.unreachable = false })
				time.Sleep(2 * time.Second)
				if got := g.call(); got != 200 {
					t.Errorf("back: got %d", got)
				}
			})
		})
	}
}

func TestAnUnreachableLedgerGetsNoRequestForEveryUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(1000)
		l.unreachable = true
		g := newGateway("a", l, false)
		for user := range int64(1000) {
			if refusal := g.admit(time.Now(), user+1, 1000); refusal != nil {
				t.Fatal(refusal)
			}
		}
		if l.requests > 30 { // a request or two, each tried several times
			t.Errorf("%d requests", l.requests)
		}
	})
}

func TestTheFirstRequestWaitsForWhatDeadGatewaysLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(10)
		settled := make(chan struct{})
		g := newGateway("a", l, false)
		g.Quotas = limit.NewQuotas(limit.QuotaConfig{Gateway: "a", Ledger: l, Log: slog.New(slog.DiscardHandler), Settled: settled})
		start := time.Now()
		time.AfterFunc(time.Second, func() {
			l.deliver("dead", 10)
			close(settled)
		})
		refusal := g.admit(time.Now(), 7, 10)
		if !errors.Is(refusal, limit.ErrExceeded) || time.Since(start) < time.Second {
			t.Errorf("got %v after %s", refusal, time.Since(start))
		}
	})
}

func TestAResponseDoesNotWaitForALedgerThatIsUnreachable(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		unreachable bool
		want        time.Duration
	}{{true, 0}, {false, time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLedger(10)
			l.unreachable = row.unreachable
			g := newMetered("a", l, false) // it delivers nothing
			began := time.Now()
			g.AwaitDelivery(t.Context())
			if took := time.Since(began); took != row.want {
				t.Errorf("unreachable %v: waited %s, want %s", row.unreachable, took, row.want)
			}
		})
	}
}
