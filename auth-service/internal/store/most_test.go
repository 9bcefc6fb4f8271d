package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
)

// mostCalls adds up rows, and returns the users with the most calls in a period, the lowest id first where they have as many.
func mostCalls(rows []ledger.Row, p ledger.Period, route string, top int) (most []string) {
	sums := map[int64]int64{}
	for _, r := range rows {
		if !r.Start.Before(p.From) && r.Start.Before(p.To) && (route == "" || r.Route == route) {
			sums[r.UserID] += r.Requests
		}
	}
	users := make([]int64, 0, len(sums))
	for user := range sums {
		users = append(users, user)
	}
	slices.SortFunc(users, func(a, b int64) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	for _, user := range users[:min(top, len(users))] {
		most = append(most, fmt.Sprint(user, ": ", sums[user]))
	}
	return most
}

func wantMost(t *testing.T, l *ledger.Service, rows []ledger.Row, p ledger.Period, route string) {
	t.Helper()
	var got []string
	for _, g := range series(t, l, ledger.SeriesRequest{Period: p, By: ledger.ByDay, Route: route, ByUser: true, Top: 7}).Groups {
		if !g.Other {
			got = append(got, fmt.Sprint(g.UserID, ": ", g.Total.Requests))
		}
	}
	if want := mostCalls(rows, p, route, 7); !slices.Equal(got, want) {
		t.Errorf("from %v to %v, route %q: got %v, want %v", p.From, p.To, route, got, want)
	}
}

// TestUsersWithTheMostCallsAreThoseOfAllRows: more users than are read of a list at first, before and after days are rolled, and with
// late batches.
func TestUsersWithTheMostCallsAreThoseOfAllRows(t *testing.T) {
	t.Parallel()
	for name, calls := range map[string]func(random *rand.Rand, user, day int64) int64{
		"few call much":            func(r *rand.Rand, user, _ int64) int64 { return 1 + 100_000/user + r.Int64N(1+1000/user) },
		"all call as much":         func(*rand.Rand, int64, int64) int64 { return 5 },
		"by chance":                func(r *rand.Rand, _, _ int64) int64 { return 1 + r.Int64N(1000) },
		"each on a day of its own": func(_ *rand.Rand, user, day int64) int64 { return 1 + 100*min(1, max(0, user%8-day)) },
		"always behind others": func(_ *rand.Rand, user, day int64) int64 {
			return 900 + 50*(user/380) - 2*((user+day*57)%400)*(1-user/380)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, url string) {
				random := rand.New(rand.NewPCG(3, 4))
				testMost(t, newLedger(open(t, url), noon()), func(user, day int64) int64 { return calls(random, user, day) })
			})
		})
	}
}

func testMost(t *testing.T, l *ledger.Service, of func(user, day int64) int64) {
	t.Helper()
	var rows []ledger.Row
	for day := range int64(8) {
		for user := int64(400); user > 0; user-- {
			hour := midnight().AddDate(0, 0, -int(day)).Add(time.Duration(user%12) * time.Hour)
			rows = append(rows, calls(user, []string{"files", "root"}[user%2], hour, of(user, day)))
		}
	}
	rows = append(rows, calls(401, "other", midnight().AddDate(0, -2, 0), 3), calls(402, "root", midnight().AddDate(0, 0, 1), 3))
	add(t, l, "a", 1, rows...)
	day := func(n int) time.Time { return midnight().AddDate(0, 0, n) }
	check := func() {
		t.Helper()
		for _, p := range []ledger.Period{
			ledger.Month(noon()),
			{From: day(-6), To: day(1)},
			{From: day(0), To: day(1)},
			{From: day(-1), To: day(0)},
			{From: day(-300), To: day(60)},
			{From: day(-1).Add(6 * time.Hour), To: day(0).Add(6 * time.Hour)},
			{From: day(-40), To: day(-30)},
		} {
			wantMost(t, l, rows, p, "")
			wantMost(t, l, rows, p, "root")
		}
		agrees(t, l)
	}
	check()
	if err := l.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	check()
	late := []ledger.Row{calls(3, "late", day(-2), 2_000_000), calls(9, "root", day(0), 1_000_000), calls(77, "root", day(-1), 500_000)}
	add(t, l, "a", 2, late...)
	rows = append(rows, late...)
	check()
}

// TestDaysThatAreNotRolledAreVerified: of a user who has too many, too few, or no calls in them.
func TestDaysThatAreNotRolledAreVerified(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		add(t, l, "a", 1, calls(1, "root", noon(), 3), calls(1, "files", midnight(), 2), calls(2, "root", noon(), 4), calls(3, "root", noon(), 4))
		agrees(t, l)
		change(t, url, "update usage_today set requests = requests + 1 where user_id = 1", "update usage_today set requests = requests - 1 where user_id = 2",
			"delete from usage_today where user_id = 3", "insert into usage_today select day, 4, 1 from usage_today where user_id = 2")
		differences, err := l.Verify(t.Context())
		if err != nil || len(differences) != 4 || differences[0].Got.Requests != 6 || differences[0].Want.Requests != 5 {
			t.Errorf("got %v, %v, want four differences", differences, err)
		}
	})
}

// TestDaysThatAreNotRolledAreFilledByTheMigration: they are the rows of hours of a database of the version before.
func TestDaysThatAreNotRolledAreFilledByTheMigration(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		migrateTo(t, url, 134)
		at := func(time time.Time) string {
			if strings.HasPrefix(url, "postgres") {
				return time.Format("'2006-01-02T15:04:05Z'")
			}
			return fmt.Sprint(time.UnixMicro())
		}
		var rows []ledger.Row
		for i, start := range []time.Time{midnight().AddDate(0, 0, -2), midnight().Add(-time.Hour), midnight(), noon()} {
			for user := int64(1); user < 4; user++ {
				r := ledger.Row{UserID: user, Route: "root", Start: start, Counts: ledger.Counts{Requests: user * int64(1+i)}}
				rows = append(rows, r)
				change(t, url, fmt.Sprintf("insert into usage_hours values (%d, %s, 'root', %d, 0, 0, 0, 0, 0, 0)", user, at(start), r.Requests))
				change(t, url, fmt.Sprintf("insert into usage_totals values (%s, %s, 'root', %d, 0, 0, 0, 0, 0, 0)"+
					" on conflict (hour, route) do update set requests = usage_totals.requests + excluded.requests", at(start), at(ledger.ByDay.Start(start)), r.Requests))
			}
		}
		change(t, url, "insert into usage_gateways select 'a', 1, hour, (select sum(requests) from usage_hours), 0, 0, 0, 0, 0, 0 from usage_hours limit 1")
		l := newLedger(open(t, url), noon())
		for range 2 {
			agrees(t, l)
			wantMost(t, l, rows, ledger.Month(noon()), "")
			wantMost(t, l, rows, ledger.Period{From: midnight(), To: midnight().AddDate(0, 0, 1)}, "")
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
