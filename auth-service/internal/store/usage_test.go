package store_test

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

const leaseTime = 30 * time.Second

// newLedger returns a ledger whose clock shows now.
func newLedger(db *store.Store, now time.Time) *ledger.Service {
	return ledger.NewService(ledger.Config{
		Store: db, HoursKept: 90 * 24 * time.Hour, LeaseTime: leaseTime, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	})
}

func calls(userID int64, route string, hour time.Time, n int64) ledger.Row {
	return ledger.Row{UserID: userID, Route: route, Start: hour.Truncate(time.Hour), Counts: ledger.Counts{
		Requests: n, Units: n, ClientErrors: n / 2, ServerErrors: n / 3, RateLimited: n + 1, BytesIn: 10 * n, BytesOut: 100 * n,
	}}
}

func add(t *testing.T, l *ledger.Service, gateway string, sequence int64, rows ...ledger.Row) bool {
	t.Helper()
	added, err := l.Add(t.Context(), ledger.Batch{Gateway: gateway, Sequence: sequence, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func report(t *testing.T, l *ledger.Service, userID int64, p ledger.Period, by ledger.Step) ledger.Report {
	t.Helper()
	r, err := l.Report(t.Context(), ledger.ReportRequest{UserID: userID, Period: p, By: by})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// agrees fails the test if the ledger contradicts itself.
func agrees(t *testing.T, l *ledger.Service) {
	t.Helper()
	differences, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Error(d)
	}
}

func TestBatchIsAddedOnceHoweverOftenAndInWhateverOrderItComes(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		for _, step := range []struct {
			gateway  string
			sequence int64
			want     bool
		}{
			{"a", 1, true},
			{"a", 1, false},
			{"a", 4, true},
			{"b", 4, true},
			{"a", 4, false},
			{"a", 2, true},
			{"a", 3, true},
			{"a", 4, false},
			{"a", 2, false},
			{"b", 4, false},
			{"a", 5, true},
			{"a", 5, false},
		} {
			if got := add(t, l, step.gateway, step.sequence, calls(7, "root", noon(), 10)); got != step.want {
				t.Errorf("%+v: got %v", step, got)
			}
		}
		r := report(t, l, 7, ledger.Month(noon()), ledger.ByDay)
		if want := calls(7, "root", noon(), 60).Counts; r.Total.Requests != want.Requests || r.Total.BytesOut != want.BytesOut {
			t.Errorf("got %+v, want %+v", r.Total, want)
		}
		agrees(t, l)
	})
}

func TestBatchThatCannotBeWrittenIsNotNoted(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		rename := func(from, to string) {
			if _, err := db.Pool().ExecContext(t.Context(), "alter table "+from+" rename to "+to); err != nil {
				t.Fatal(err)
			}
		}
		rename("usage_hours", "elsewhere")
		b := ledger.Batch{Gateway: "a", Sequence: 1, Rows: []ledger.Row{calls(7, "root", noon(), 1)}}
		if added, err := l.Add(t.Context(), b); added || err == nil {
			t.Errorf("got %v, %v, want an error", added, err)
		}
		rename("elsewhere", "usage_hours")
		if !add(t, l, "a", 1, b.Rows...) {
			t.Error("the batch was noted though its rows were not written")
		}
		agrees(t, l)
	})
}

func TestManyGatewaysDeliverAtOnceAndEverythingTwice(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		const users, batches = 20, 10
		var added atomic.Int64
		var all sync.WaitGroup
		for _, gateway := range []string{"a", "b", "c", "a", "b", "c"} {
			all.Go(func() {
				for sequence := int64(1); sequence <= batches; sequence++ {
					rows := make([]ledger.Row, 0, 2*users)
					for user := int64(users); user > 0; user-- {
						late := noon().Add(-time.Duration(user) * 6 * time.Hour)
						rows = append(rows, calls(user, "root", noon(), 1), calls(user, "files", late, 2))
					}
					ok, err := l.Add(t.Context(), ledger.Batch{Gateway: gateway, Sequence: sequence, Rows: rows})
					if err != nil {
						t.Error(err)
						return
					}
					if ok {
						added.Add(1)
					}
					if err := l.RollUp(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if added.Load() != 3*batches {
			t.Errorf("%d batches were added, want %d", added.Load(), 3*batches)
		}
		for user := int64(1); user <= users; user++ {
			if got := report(t, l, user, ledger.Month(noon()), ledger.ByDay).Total.Requests; got != 3*batches*3 {
				t.Errorf("user %d: got %d requests, want %d", user, got, 3*batches*3)
			}
		}
		agrees(t, l)
	})
}
