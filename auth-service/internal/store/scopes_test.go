package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// insertWithPlan makes a user whose plan has quotas.
func insertWithPlan(t *testing.T, db *store.Store, perMonth, perDay *int64) int64 {
	t.Helper()
	p := account.Plan{Name: "pro", Limits: account.Limits{PerMonth: perMonth, PerDay: perDay}, UpdatedAt: noon()}
	if _, _, err := db.PutPlan(t.Context(), p, account.AuditEntry{At: noon(), Action: "put plan", TargetName: "pro"}, always); err != nil {
		t.Fatal(err)
	}
	u := insert(t, db, "planned")
	_, err := db.UpdateUser(t.Context(), u.ID, noon(), func(u account.User) (account.Change, error) {
		u.Plan = "pro"
		return account.Change{User: u}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func requestOf(gateway string, of ledger.Scope, number, want int64) ledger.LeaseRequest {
	return ledger.LeaseRequest{Gateway: gateway, Scope: of, Number: number, Want: want}
}

// costing is calls that cost some units each.
func costing(userID int64, hour time.Time, n, cost int64) ledger.Row {
	return withKey(userID, 0, "root", hour, n, cost)
}

// quotaScopes are the scopes for which insertScoped makes a quota.
func quotaScopes() []string { return []string{"a user's month", "a user's day", "a key's month"} }

func insertScoped(t *testing.T, db *store.Store, name string, quota int64) ledger.Scope {
	t.Helper()
	switch name {
	case "a user's month":
		return ledger.UsersMonth(insertWithPlan(t, db, &quota, nil), noon())
	case "a user's day":
		return ledger.UsersDay(insertWithPlan(t, db, nil, &quota), noon())
	case "a key's month":
		k := apiKey(insert(t, db, "ada"), 1)
		k.MonthlyQuota = &quota
		addKey(t, db, k)
		return ledger.KeysMonth(k.UserID, k.ID, noon())
	}
	t.Fatalf("no scope %q", name)
	return ledger.Scope{}
}

// TestQuotasAreInUnitsAndExact: three gateways let calls of three units through, and deliver them one batch at a time.
func TestQuotasAreInUnitsAndExact(t *testing.T) {
	t.Parallel()
	for _, name := range quotaScopes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, url string) {
				db := open(t, url)
				l := newLedger(db, noon())
				const quota, cost = 300, 3
				of := insertScoped(t, db, name, quota)
				var passed [3]int64
				var all sync.WaitGroup
				for g := range passed {
					all.Go(func() { passed[g] = useUp(t, l, fmt.Sprint("gateway-", g), of, cost) })
				}
				all.Wait()
				if sum := cost * (passed[0] + passed[1] + passed[2]); sum != quota {
					t.Errorf("%v calls passed, which cost %d, want %d", passed, sum, quota)
				}
				r := requestOf("another", of, 1, 1)
				if state := lease(t, l, r); state.Granted != 0 || state.Remaining != 0 || state.Elsewhere != 0 || *state.Limit != quota {
					t.Errorf("used up: got %+v", state)
				}
				if r := report(t, l, of.UserID, ledger.Month(noon()), ledger.ByDay); r.Quota.Used != quota {
					t.Errorf("the report says %d used, want %d", r.Quota.Used, quota)
				}
				agrees(t, l)
			})
		})
	}
}

// useUp lets calls through until nothing is granted. What is left of a grant is given back with the next request.
func useUp(t *testing.T, l *ledger.Service, gateway string, of ledger.Scope, cost int64) (calls int64) {
	t.Helper()
	var left int64
	for number := int64(1); ; number++ {
		r := requestOf(gateway, of, number, 100)
		r.Least, r.Returned = cost, left
		state, err := l.Lease(t.Context(), r)
		if err != nil {
			t.Error(err)
			return calls
		}
		if state.Granted == 0 {
			return calls
		}
		if state.Granted < cost {
			t.Errorf("got %d units, which are of no use", state.Granted)
		}
		n := state.Granted / cost
		calls, left = calls+n, state.Granted%cost
		row := withKey(of.UserID, of.KeyID, "root", noon(), n, cost)
		if _, err := l.Add(t.Context(), ledger.Batch{Gateway: gateway, Sequence: number, Rows: []ledger.Row{row}}); err != nil {
			t.Error(err)
			return calls
		}
	}
}

func TestABatchSettlesEachScopeWithItsOwnUnits(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		quota := int64(5000)
		user := insertWithPlan(t, db, &quota, &quota)
		k := apiKey(account.User{ID: user}, 1)
		k.MonthlyQuota = &quota
		addKey(t, db, k)
		key := ledger.KeysMonth(user, k.ID, noon())
		month, today, before := ledger.UsersMonth(user, noon()), ledger.UsersDay(user, noon()), ledger.UsersDay(user, noon().AddDate(0, 0, -1))
		for _, of := range []ledger.Scope{month, today, before, key} {
			if state := lease(t, l, requestOf("a", of, 1, 100)); state.Granted != 100 || state.ResetsAt != of.To {
				t.Errorf("got %+v, want 100 until %s", state, of.To)
			}
		}
		add(t, l, "a", 1, costing(user, noon(), 2, 5), withKey(user, k.ID, "root", noon(), 2, 5), costing(user, noon().AddDate(0, 0, -1), 3, 10), costing(user, noon(), 7, 0))
		for name, row := range map[string]struct {
			of             ledger.Scope
			used, reserved int64
		}{"the month": {month, 50, 50}, "today": {today, 20, 80}, "the day before": {before, 30, 70}, "the key": {key, 10, 90}} {
			state := lease(t, l, requestOf("b", row.of, 1, 1))
			if state.Elsewhere != row.reserved || state.Remaining != quota-row.used-row.reserved-1 {
				t.Errorf("%s: got %+v, want %d used and %d reserved elsewhere", name, state, row.used, row.reserved)
			}
		}
		if err := l.EndLeases(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		for _, of := range []ledger.Scope{month, today, before, key} {
			if state := lease(t, l, requestOf("b", of, 2, 1)); state.Elsewhere != 0 {
				t.Errorf("after the end of the gateway: got %+v", state)
			}
		}
	})
}

func TestADaysQuotaIsExactWhetherOrNotTheDayIsRolled(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		quota := int64(100)
		user := insertWithPlan(t, db, nil, &quota)
		day := midnight()
		late := newLedger(db, day.Add(23*time.Hour))
		add(t, late, "a", 1, costing(user, day, 3, 4), costing(user, day.Add(23*time.Hour), 2, 7), costing(user, day.Add(-time.Hour), 1, 50))
		over := newLedger(db, day.Add(27*time.Hour))
		for _, when := range []string{"in hours", "rolled", "rolled twice"} {
			r := requestOf("b", ledger.UsersDay(user, day), 1, 1)
			r.Gateway = "b"
			if state := lease(t, over, r); state.Remaining != quota-26-1 {
				t.Errorf("%s: got %+v, want 26 used", when, state)
			}
			if err := over.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		next := requestOf("c", ledger.UsersDay(user, day.Add(24*time.Hour)), 1, 1)
		if state := lease(t, over, next); state.Remaining != quota-1 {
			t.Errorf("the next day: got %+v", state)
		}
	})
}

func TestScopesWithoutAQuotaReserveNothingOfIt(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		quota := int64(5)
		user := insertWithPlan(t, db, &quota, nil)
		if state := lease(t, l, requestOf("a", ledger.UsersDay(user, noon()), 1, 50)); state.Granted != 50 || state.Limit != nil {
			t.Errorf("got %+v", state)
		}
		k := apiKey(insert(t, db, "ada"), 1)
		addKey(t, db, k)
		if state := lease(t, l, requestOf("a", ledger.KeysMonth(k.UserID, k.ID, noon()), 1, 50)); state.Granted != 50 || state.Limit != nil {
			t.Errorf("a key without quota: got %+v", state)
		}
		for name, of := range map[string]ledger.Scope{
			"a user who is gone": ledger.UsersDay(99, noon()), "a key that is gone": ledger.KeysMonth(k.UserID, k.ID+1, noon()),
			"another user's key": ledger.KeysMonth(user, k.ID, noon()),
		} {
			if state := lease(t, l, requestOf("a", of, 1, 50)); state.Granted != 0 {
				t.Errorf("%s: got %+v", name, state)
			}
		}
	})
}
