package limit_test

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/limit"
)

// alone is rates of a single gateway.
func alone() *limit.Rates {
	return limit.NewRates(limit.RateConfig{Bound: 1 << 20, Log: slog.New(slog.DiscardHandler)})
}

func allow(t *testing.T, rates *limit.Rates, at time.Time, userID int64, name string, rate limit.Rate) error {
	t.Helper()
	return rates.Allow(t.Context(), at, userID, new(limit.Standings), limit.Limit{Key: uint32(name[0]), Name: name, Rate: rate})
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestARateLetsABurstThroughAndThenOneAStep(t *testing.T) {
	t.Parallel()
	rate := limit.Rate{Requests: 10, Per: time.Second, Burst: 3}
	var mark int64
	for _, step := range []struct {
		at        time.Duration
		allowed   bool
		remaining int
		retry     time.Duration
	}{
		{0, true, 2, 0},
		{0, true, 1, 0},
		{0, true, 0, 0},
		{0, false, 0, 100 * time.Millisecond},
		{40 * time.Millisecond, false, 0, 60 * time.Millisecond},
		{100 * time.Millisecond, true, 0, 0},
		{199 * time.Millisecond, false, 0, time.Millisecond},
		{200 * time.Millisecond, true, 0, 0},
		{10 * time.Second, true, 2, 0},
	} {
		d := rate.Decide(mark, noon.Add(step.at).UnixNano())
		if d.Allowed != step.allowed || d.Remaining != step.remaining || d.Retry != step.retry {
			t.Errorf("at %s: got %+v, want %+v", step.at, d, step)
		}
		mark = d.Mark
	}
}

func TestAClockThatIsSetBackLocksNobodyOutForLongerThanABurst(t *testing.T) {
	t.Parallel()
	rate := limit.Rate{Requests: 1, Per: time.Second, Burst: 2}
	d := rate.Decide(noon.Add(24*time.Hour).UnixNano(), noon.UnixNano())
	if d.Allowed || d.Retry != time.Second {
		t.Errorf("got %+v", d)
	}
}

func TestExtremeRatesDoNotOverflow(t *testing.T) {
	t.Parallel()
	for _, rate := range []limit.Rate{
		{Requests: 1 << 40, Per: time.Second, Burst: 1 << 40},
		{Requests: 1, Per: time.Hour, Burst: 1 << 50},
	} {
		d := rate.Decide(0, noon.UnixNano())
		for range 1000 {
			if d = rate.Decide(d.Mark, noon.UnixNano()); !d.Allowed || d.Remaining <= 0 {
				t.Fatalf("%+v: got %+v", rate, d)
			}
		}
	}
}

func TestARefusalSaysWhichLimitAndWhenToComeBack(t *testing.T) {
	t.Parallel()
	rates := alone()
	rate := limit.Rate{Requests: 60, Per: time.Minute, Burst: 1}
	if refusal := allow(t, rates, noon, 7, "files", rate); refusal != nil {
		t.Fatal(refusal)
	}
	got, ok := errors.AsType[*limit.RateError](allow(t, rates, noon.Add(100*time.Millisecond), 7, "files", rate))
	if want := (limit.RateError{Route: "files", Rate: rate, Wait: 900 * time.Millisecond}); !ok || *got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	if allow(t, rates, noon, 8, "files", rate) != nil || allow(t, rates, noon, 7, "other", rate) != nil {
		t.Error("another user, or another route, is refused, too")
	}
}

func TestManyCallersAtOnceGetTheBurstAndNoMore(t *testing.T) {
	t.Parallel()
	rates := alone()
	rate := limit.Rate{Requests: 100, Per: time.Hour, Burst: 100}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if allow(t, rates, noon, 7, "root", rate) == nil {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := passed.Load(); got != 100 {
		t.Errorf("got %d", got)
	}
}

func BenchmarkAllow(b *testing.B) {
	rates := alone()
	rate := limit.Rate{Requests: 1_000_000_000, Per: time.Second, Burst: 1_000_000}
	var lane atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		user := lane.Add(1) * 7919
		var left limit.Standings
		for pb.Next() {
			user++
			left.Reset()
			if refusal := rates.Allow(b.Context(), noon, user%100_000, &left, limit.Limit{Key: 1, Name: "root", Rate: rate}); refusal != nil {
				b.Fatal(refusal)
			}
		}
	})
}
