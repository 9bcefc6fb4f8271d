package limit_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/limit"
)

// street is gateways that deliver, and callers at each.
type street struct {
	*ledger
	gateways   []*gateway
	load       sync.WaitGroup
	background sync.WaitGroup
	stop       context.CancelFunc
}

func newStreet(t *testing.T, gateways int, quota int64, refuse bool) *street {
	t.Helper()
	s := &street{ledger: newLedger(quota)}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = func() { stop(); s.background.Wait() }
	for i := range gateways {
		g := newMetered(strconv.Itoa(i), s.ledger, refuse)
		s.gateways = append(s.gateways, g)
		s.background.Go(func() { g.delivering(ctx) })
		s.background.Go(func() { _ = g.Run(ctx) }) // ends with ctx
	}
	return s
}

// calls lets two callers at each gateway call for so long.
func (s *street) calls(d time.Duration) {
	end := time.Now().Add(d)
	for _, g := range s.gateways {
		for range 2 {
			s.load.Go(func() {
				for time.Now().Before(end) {
					g.call()
					time.Sleep(2 * time.Millisecond)
				}
			})
		}
	}
}

func (s *street) passed() (n int64) {
	for _, g := range s.gateways {
		n += g.passed.Load()
	}
	return n
}

func TestAQuotaThatIsGivenUnderLoadIsNotOverrun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, 3, -1, false)
		s.calls(20 * time.Second)
		time.Sleep(2*time.Second + 340*time.Millisecond)
		quota := s.passed() + 3000
		s.set(func() { s.limit = quota })
		s.load.Wait()
		time.Sleep(2 * time.Minute) // what a gateway did not use comes back
		s.calls(10 * time.Second)
		s.load.Wait()
		s.stop()
		if got := s.passed(); got != quota {
			t.Errorf("%d calls passed of a quota of %d", got, quota)
		}
	})
}

func TestAQuotaThatIsTakenAwayForAMomentIsNotOverrun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStreet(t, 1, 10_000, false)
		s.calls(20 * time.Second)
		time.Sleep(2 * time.Second) // it holds some calls, which it can use for 30 seconds
		s.set(func() { s.limit = -1 })
		for s.passed() < 10_000 {
			time.Sleep(time.Millisecond)
		}
		quota := s.passed() + 20
		s.set(func() { s.limit = quota })
		s.load.Wait()
		s.stop()
		if got := s.passed(); got != quota {
			t.Errorf("%d calls passed of a quota of %d", got, quota)
		}
	})
}

func TestALoweredQuotaCountsAtOnce(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ lowered, raised int64 }{{0, 0}, {2500, 0}, {4000, 0}, {0, 100_000}} {
		synctest.Test(t, func(t *testing.T) {
			s := newStreet(t, 3, 200_000, false)
			s.calls(15 * time.Second)
			time.Sleep(time.Second)
			before := s.passed()
			s.set(func() { s.limit = row.lowered })
			time.Sleep(9*time.Second + 500*time.Millisecond)
			// A gateway can send a request before another has given back what it held.
			if got, want := s.passed(), max(row.lowered, before); got > want+3 || got < min(want, row.lowered)-3 {
				t.Errorf("lowered to %d: %d calls passed after %d", row.lowered, got, before)
			}
			if row.raised > 0 {
				passed := s.passed()
				s.set(func() { s.limit = row.raised })
				time.Sleep(100 * time.Millisecond)
				if got := s.passed() - passed; got < 3*2*10 {
					t.Errorf("raised: %d calls passed within 100 ms", got)
				}
			}
			s.load.Wait()
			s.stop()
		})
	}
}

func TestCallsThatOutliveTheirReservationAreNotTakenFromTheNext(t *testing.T) {
	t.Parallel()
	for _, refuse := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := newStreet(t, 2, 6000, refuse)
			s.calls(2 * time.Minute)
			time.Sleep(time.Second)
			s.set(func() { s.unreachable = true })
			time.Sleep(10 * time.Second)
			if !refuse {
				s.set(func() { s.limit = 400_000 }) // enough for what passes meanwhile
			}
			time.Sleep(80 * time.Second)
			s.set(func() { s.unreachable, s.undelivered = false, true })
			time.Sleep(2 * time.Second)
			s.set(func() { s.undelivered = false })
			s.load.Wait()
			quota := s.quota()
			s.stop()
			if got := s.passed(); got > quota {
				t.Errorf("refuse %v: %d calls passed of a quota of %d", refuse, got, quota)
			}
		})
	}
}

func TestARefusalSaysWhenReservedCallsComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(2)
		dead, alive := newGateway("dead", l, false), newGateway("alive", l, false)
		dead.call() // it held one call, and used it
		at := time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC)
		if refusal := alive.admit(at, 7, 2); refusal != nil {
			t.Fatal(refusal)
		}
		refusal, ok := errors.AsType[*limit.QuotaError](alive.admit(at, 7, 2))
		if !ok || !refusal.Reserved || refusal.Wait <= 59*time.Second || refusal.Wait > time.Minute {
			t.Errorf("while one is reserved: got %+v", refusal)
		}
		l.deliver("dead", 1)
		l.deliver("alive", 1)
		time.Sleep(2 * time.Second)
		if refusal, ok := errors.AsType[*limit.QuotaError](alive.admit(at, 7, 2)); !ok || refusal.Reserved {
			t.Errorf("afterwards: got %+v", refusal)
		}
	})
}
