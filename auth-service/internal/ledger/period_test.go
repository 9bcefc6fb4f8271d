package ledger_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
)

// start is the first day of the tests.
func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func hoursIn(from, to int) ledger.Period {
	return ledger.Period{From: start().Add(time.Duration(from) * time.Hour), To: start().Add(time.Duration(to) * time.Hour)}
}

// TestSpansHoldEachHourOnce draws random periods and marks, and counts for every hour how often it is read.
func TestSpansHoldEachHourOnce(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		from := r.IntN(20 * 24)
		p := hoursIn(from, from+1+r.IntN(10*24))
		pruned := r.IntN(20)
		rolled := pruned + r.IntN(12)
		m := ledger.Marks{Pruned: start().AddDate(0, 0, pruned), Rolled: start().AddDate(0, 0, rolled)}
		for _, by := range []ledger.Step{ledger.ByHour, ledger.ByDay, ledger.ByMonth} {
			spans := p.Spans(by, m)
			for hour := p.From.AddDate(0, 0, -2); hour.Before(p.To.AddDate(0, 0, 2)); hour = hour.Add(time.Hour) {
				if got, want := times(t, spans, m, hour), wanted(p, m, hour); got != want {
					t.Fatalf("%v by %d with %v: hour %v is read %d times, want %d: %v", p, by, m, hour, got, want, spans)
				}
			}
		}
	}
}

// wanted is how often an hour has to be read. That is once in the period, widened to whole days where only days are kept.
func wanted(p ledger.Period, m ledger.Marks, hour time.Time) int {
	first, last := p.From, p.To
	if hour.Before(m.Pruned) {
		first, last = ledger.ByDay.Start(first), ledger.ByDay.Start(last.Add(-1)).AddDate(0, 0, 1)
	}
	if hour.Before(first) || !hour.Before(last) {
		return 0
	}
	return 1
}

func times(t *testing.T, spans []ledger.Span, m ledger.Marks, hour time.Time) (n int) {
	t.Helper()
	for _, s := range spans {
		at := hour
		if s.Of == ledger.ByDay {
			at = ledger.ByDay.Start(hour)
		}
		if at.Before(s.From) || !at.Before(s.To) {
			continue
		}
		n++
		if s.Of == ledger.ByDay && !at.Before(m.Rolled) || s.Of == ledger.ByHour && at.Before(m.Pruned) {
			t.Fatalf("%v is read from where it is not: %v with %v", hour, s, m)
		}
	}
	return n
}

func TestReportByHourReadsDaysOnlyWhereHoursAreGone(t *testing.T) {
	t.Parallel()
	m := ledger.Marks{Pruned: start().AddDate(0, 0, 1), Rolled: start().AddDate(0, 0, 9)}
	spans := hoursIn(0, 5*24).Spans(ledger.ByHour, m)
	if len(spans) != 2 || spans[0].Of != ledger.ByDay || !spans[0].To.Equal(m.Pruned) || spans[1].Of != ledger.ByHour {
		t.Errorf("got %v", spans)
	}
	if spans = hoursIn(0, 5*24).Spans(ledger.ByDay, m); len(spans) != 1 || spans[0].Of != ledger.ByDay {
		t.Errorf("by day: got %v", spans)
	}
}

// TestTotalsHoldEachHourOnceThoughDaysAreRolledMeanwhile makes the spans with the marks m. When the query runs, the marks
// may have moved on to found.
func TestTotalsHoldEachHourOnceThoughDaysAreRolledMeanwhile(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	monthly := 0
	for range 400 {
		from := r.IntN(40 * 24)
		p := hoursIn(from, from+1+r.IntN(100*24))
		pruned := r.IntN(60)
		m := ledger.Marks{Pruned: start().AddDate(0, 0, pruned), Rolled: start().AddDate(0, 0, pruned+r.IntN(60))}
		found := ledger.Marks{Pruned: m.Pruned, Rolled: m.Rolled.AddDate(0, 0, r.IntN(3))}
		spans := p.Totals(m)
		for hour := p.From.AddDate(0, 0, -2); hour.Before(p.To.AddDate(0, 0, 2)); hour = hour.Add(time.Hour) {
			n := 0
			for _, s := range spans {
				at := s.Of.Start(hour)
				if at.Before(s.From) || !at.Before(s.To) || s.Of == ledger.ByMonth && !hour.Before(found.Rolled) ||
					s.Unrolled && hour.Before(found.Rolled) {
					continue
				}
				n++
				if s.Of == ledger.ByMonth {
					monthly++
				}
			}
			if want := wanted(p, m, hour); n != want {
				t.Fatalf("%v with %v, then %v: hour %v is read %d times, want %d: %v", p, m, found, hour, n, want, spans)
			}
		}
	}
	if monthly == 0 {
		t.Error("no month was read whole")
	}
}
