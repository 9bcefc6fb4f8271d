package store_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// ledgerOf is a ledger whose clock the test moves.
func ledgerOf(db *store.Store, at *time.Time) *ledger.Service {
	return ledger.NewService(ledger.Config{
		Store: db, HoursKept: 90 * 24 * time.Hour, LeaseTime: leaseTime, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return *at },
	})
}

// passed are calls under a limit of ten a second.
func passed(user int64, limit string, n int64) ledger.RateCalls {
	return ledger.RateCalls{UserID: user, Limit: limit, Calls: n, Step: 100 * time.Millisecond, Bound: time.Minute}
}

// reports reports calls and returns the response.
func reports(t *testing.T, l *ledger.Service, gateway string, calls ...ledger.RateCalls) ledger.RateState {
	t.Helper()
	state, err := l.ShareRates(t.Context(), ledger.RateReport{Gateway: gateway, Calls: calls})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestTheCallsOfAllGatewaysAddUpAndAreWorkedOff(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		at := noon()
		first, second := ledgerOf(db, &at), ledgerOf(open(t, url), &at) // two replicas
		expect := func(when string, got ledger.RateState, gateways int, want map[string]time.Duration) {
			t.Helper()
			if got.Gateways != gateways || len(got.Marks) != len(want) {
				t.Errorf("%s: got %+v", when, got)
			}
			for _, m := range got.Marks {
				if backlog, ok := want[m.Limit]; !ok || m.Backlog != backlog || m.UserID != 7 {
					t.Errorf("%s: got %+v, want %v", when, m, want)
				}
			}
		}
		ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
		expect("alone", reports(t, first, "a", passed(7, "root", 3)), 1, map[string]time.Duration{"root": ms(300)})
		expect("another gateway", reports(t, second, "b", passed(7, "root", 5)), 2, map[string]time.Duration{"root": ms(800)})
		expect("another limit", reports(t, second, "b", passed(7, "files", 1)), 2, map[string]time.Duration{"root": ms(800), "files": ms(100)})
		expect("without calls", reports(t, first, "a"), 2, map[string]time.Duration{"root": ms(800), "files": ms(100)})
		at = at.Add(ms(700))
		expect("later", reports(t, first, "a", passed(7, "root", 0)), 2, map[string]time.Duration{"root": ms(100), "files": 0})
		at = at.Add(ms(900))
		expect("b is silent", reports(t, first, "a", passed(7, "root", 1)), 1, map[string]time.Duration{"root": ms(100)})
		expect("more than the bound", reports(t, first, "a", passed(7, "root", 10_000)), 1, map[string]time.Duration{"root": time.Minute + ms(100)})
		at = at.Add(-time.Hour)
		expect("the clock was set back", reports(t, first, "a", passed(7, "root", 1)), 2, map[string]time.Duration{"root": time.Minute, "files": time.Hour - ms(1500)})
		at = at.Add(2 * time.Hour)
		if err := first.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"rate_marks", "rate_gateways"} {
			if n := count(t, db, table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

func TestTheLongestBacklogIsAddedUp(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		calls := ledger.RateCalls{UserID: 7, Limit: "root", Calls: 1 << 40, Step: time.Hour, Bound: ledger.MaxBacklog}
		for _, want := range []time.Duration{ledger.MaxBacklog, 2 * ledger.MaxBacklog, ledger.MaxBacklog} {
			if got := reports(t, l, "a", calls); len(got.Marks) != 1 || got.Marks[0].Backlog != want {
				t.Fatalf("got %+v, want a backlog of %v", got, want)
			}
		}
	})
}

func TestManyReportsAtOnceLoseNoCall(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		const limits, rounds = 1200, 10
		var all sync.WaitGroup
		for _, gateway := range []string{"a", "b", "c"} {
			all.Go(func() {
				for range rounds {
					calls := make([]ledger.RateCalls, limits)
					for i := range calls {
						at := i
						if gateway == "b" {
							at = limits - 1 - i
						}
						calls[i] = passed(int64(at/2+1), []string{"root", "files"}[at%2], 1)
					}
					if _, err := l.ShareRates(t.Context(), ledger.RateReport{Gateway: gateway, Calls: calls}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		state := reports(t, l, "a")
		if state.Gateways != 3 || len(state.Marks) != limits {
			t.Errorf("%d gateways, %d marks", state.Gateways, len(state.Marks))
		}
		for _, m := range state.Marks {
			if m.Backlog != 3*rounds*100*time.Millisecond {
				t.Fatalf("got %+v", m)
			}
		}
	})
}
