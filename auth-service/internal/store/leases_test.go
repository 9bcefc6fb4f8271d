package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// insertWithQuota makes a user who may call quota times a month.
func insertWithQuota(t *testing.T, db *store.Store, quota int64) int64 {
	t.Helper()
	u := insert(t, db, fmt.Sprintf("quota %d", quota))
	_, err := db.UpdateUser(t.Context(), u.ID, noon(), func(u account.User) (account.Change, error) {
		u.MonthlyQuota = &quota
		return account.Change{User: u}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func request(gateway string, userID, number, want int64) ledger.LeaseRequest {
	return ledger.LeaseRequest{Gateway: gateway, Scope: ledger.UsersMonth(userID, noon()), Number: number, Want: want}
}

func lease(t *testing.T, l *ledger.Service, r ledger.LeaseRequest) ledger.LeaseState {
	t.Helper()
	state, err := l.Lease(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestThreeGatewaysNeverGetMoreThanTheQuotaAndInTheEndAllOfIt(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		const quota = 300
		user := insertWithQuota(t, db, quota)
		granted := make([]int64, 3)
		var all sync.WaitGroup
		for g := range granted {
			all.Go(func() {
				gateway := fmt.Sprint("gateway-", g)
				for number := int64(1); ; number++ {
					state, err := l.Lease(t.Context(), request(gateway, user, number, 100))
					if err != nil {
						t.Error(err)
						return
					}
					if state.Granted == 0 {
						return
					}
					granted[g] += state.Granted
					_, err = l.Add(t.Context(), ledger.Batch{Gateway: gateway, Sequence: number, Rows: []ledger.Row{
						calls(user, "root", noon(), state.Granted-1), calls(user, "files", noon(), 1),
					}})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		if sum := granted[0] + granted[1] + granted[2]; sum != quota {
			t.Errorf("%v were granted, %d in all, want %d", granted, sum, quota)
		}
		r := report(t, l, user, ledger.Month(noon()), ledger.ByDay)
		if r.Quota.Used != quota {
			t.Errorf("got %d used, want %d", r.Quota.Used, quota)
		}
		agrees(t, l)
	})
}

func TestLostResponseIsSentAgainAndGrantsNothingMore(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		user := insertWithQuota(t, db, 10)
		first := lease(t, l, request("a", user, 1, 1))
		if again := lease(t, l, request("a", user, 1, 1)); again.Granted != first.Granted || again.Remaining != first.Remaining {
			t.Errorf("got %+v, then %+v", first, again)
		}
		if next := lease(t, l, request("a", user, 2, 1)); next.Remaining != first.Remaining-1 {
			t.Errorf("got %d remaining after %d", next.Remaining, first.Remaining)
		}
		if _, err := l.Lease(t.Context(), request("a", user, 1, 1)); !errors.Is(err, ledger.ErrStaleLease) {
			t.Errorf("got %v, want ErrStaleLease", err)
		}
	})
}

func TestReturnedCallsAreThereForOthersAtOnce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		user := insertWithQuota(t, db, 8)
		back := request("a", user, 3, 1)
		lease(t, l, request("a", user, 1, 1))
		lease(t, l, request("a", user, 2, 1))
		lease(t, l, request("b", user, 1, 1))
		add(t, l, "a", 1, calls(user, "root", noon(), 1))
		back.Returned = 1
		for range 2 { // the second time is a repetition
			got := lease(t, l, back)
			if got.Granted != 1 || got.Remaining != 8-1-1-1 || got.Elsewhere != 1 {
				t.Errorf("got %+v, want 1 granted, 5 remaining, 1 reserved elsewhere", got)
			}
		}
		over := request("a", user, 4, 1)
		over.Returned = 100 // more than is held
		if got := lease(t, l, over); got.Remaining != 8-1-1-1 {
			t.Errorf("got %+v, want 5 remaining", got)
		}
		later := newLedger(db, noon().Add(2*leaseTime))
		lapsed := request("a", user, 5, 1)
		lapsed.Returned = 1
		if got := lease(t, later, lapsed); got.Remaining != 8-1-1 || got.Elsewhere != 0 {
			t.Errorf("got %+v, want 6 remaining, none reserved elsewhere", got)
		}
	})
}

func TestUnusedCallsComeBackWhenALeaseEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *store.Store) time.Time{
		"its gateway has delivered all and says so": func(t *testing.T, db *store.Store) time.Time {
			t.Helper()
			if err := newLedger(db, noon()).EndLeases(t.Context(), "dead"); err != nil {
				t.Fatal(err)
			}
			return noon()
		},
		"its time is over": func(*testing.T, *store.Store) time.Time { return noon().Add(2 * leaseTime) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, url string) {
				db := open(t, url)
				l := newLedger(db, noon())
				user := insertWithQuota(t, db, 4)
				for number := range int64(4) {
					lease(t, l, request("dead", user, number+1, 1))
				}
				add(t, l, "dead", 1, calls(user, "root", noon(), 1))
				if state := lease(t, l, request("alive", user, 1, 1)); state.Granted != 0 {
					t.Errorf("got %d while all is reserved", state.Granted)
				}
				later := newLedger(db, end(t, db))
				var granted int64
				for number := range int64(5) {
					granted += lease(t, later, request("alive", user, number+2, 1)).Granted
				}
				if granted != 3 {
					t.Errorf("got %d afterwards, want 3", granted)
				}
			})
		})
	}
}

func TestWithoutAUserOrAQuotaNothingIsReserved(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		if state := lease(t, l, request("a", 12345, 1, 50)); state.Granted != 0 {
			t.Errorf("a user who is gone: got %+v", state)
		}
		if state := lease(t, l, request("a", insert(t, db, "ada").ID, 1, 50)); state.Granted != 50 || state.Limit != nil {
			t.Errorf("a user without quota: got %+v", state)
		}
	})
}
