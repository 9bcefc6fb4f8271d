package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// TestWhereTwoPeriodsMeetEachHasItsOwnQuota: around 10 midnights and 10 ends of months three gateways let calls of both periods
// through at the same time, and deliver them together. In between days are rolled up.
func TestWhereTwoPeriodsMeetEachHasItsOwnQuota(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		quota := int64(40)
		ofDays, ofMonths := insertWithPlan(t, db, nil, &quota), insertWithQuota(t, db, quota)
		e := edges{db: db, quota: quota, passed: map[ledger.Scope]int64{}}
		for i := range 10 {
			midnight := midnight().AddDate(0, 0, i+1)
			e.cross(t, midnight, ledger.UsersDay(ofDays, midnight.Add(-1)), ledger.UsersDay(ofDays, midnight))
		}
		for i := range 10 {
			end := ledger.Month(midnight().AddDate(0, i+1, 0)).To
			e.cross(t, end, ledger.UsersMonth(ofMonths, end.Add(-1)), ledger.UsersMonth(ofMonths, end))
		}
		agrees(t, newLedger(db, midnight().AddDate(1, 0, 0)))
	})
}

// edges are three gateways, and what they have let through.
type edges struct {
	db        *store.Store
	quota     int64
	sequences [3]int64

	mu     sync.Mutex
	passed map[ledger.Scope]int64
}

// cross uses up the period before the edge, and the half of the one after it.
func (e *edges) cross(t *testing.T, edge time.Time, before, after ledger.Scope) {
	t.Helper()
	l := newLedger(e.db, edge.Add(30*time.Second))
	var all sync.WaitGroup
	for g := range e.sequences {
		gateway := fmt.Sprint("gateway-", g)
		all.Go(func() {
			for number := edge.Unix(); ; number++ {
				rows := e.let(t, l, before, requestOf(gateway, before, number, 4), edge.Add(-time.Hour))
				if e.total(after) < e.quota/2 {
					rows = append(rows, e.let(t, l, after, requestOf(gateway, after, number, 4), edge)...)
				}
				if len(rows) == 0 {
					return
				}
				e.sequences[g]++
				if _, err := l.Add(t.Context(), ledger.Batch{Gateway: gateway, Sequence: e.sequences[g], Rows: rows}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := e.total(before); got != e.quota {
		t.Errorf("%d calls passed in the period before %s, want %d", got, edge, e.quota)
	}
	for _, of := range []ledger.Scope{before, after} {
		if got := report(t, l, of.UserID, of.Period, ledger.ByDay).Total.Requests; got != e.total(of) {
			t.Errorf("%d calls are counted from %s on, and %d passed", got, of.From, e.total(of))
		}
	}
	for g := range e.sequences {
		if err := l.EndLeases(t.Context(), fmt.Sprint("gateway-", g)); err != nil {
			t.Error(err)
		}
	}
	if err := l.RollUp(t.Context()); err != nil {
		t.Error(err)
	}
}

// let lets through what is granted, in the hour at.
func (e *edges) let(t *testing.T, l *ledger.Service, of ledger.Scope, r ledger.LeaseRequest, at time.Time) []ledger.Row {
	t.Helper()
	state, err := l.Lease(t.Context(), r)
	if err != nil {
		t.Error(err)
	}
	if state.Granted == 0 {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.passed[of] += state.Granted
	return []ledger.Row{withKey(of.UserID, 0, "root", at, state.Granted, 1)}
}

func (e *edges) total(of ledger.Scope) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.passed[of]
}
