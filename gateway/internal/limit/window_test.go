package limit_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/limit"
)

// told is what a response has said, and until when that holds.
type told struct {
	remaining int64
	until     time.Time
}

// promises are what a user was told of one limit.
type promises []told

// check reports whether a response keeps to those before it, and notes it.
func (p *promises) check(s limit.Standing, at time.Time) error {
	*p = slices.DeleteFunc(*p, func(t told) bool { return !at.Before(t.until) })
	for _, earlier := range *p {
		if s.Remaining > earlier.remaining {
			return fmt.Errorf("%d remain, after %d within the reset", s.Remaining, earlier.remaining)
		}
	}
	if s.Remaining < 0 || s.Remaining > s.Quota || s.Reset <= 0 {
		return fmt.Errorf("got %+v", s)
	}
	*p = append(*p, told{s.Remaining, at.Add(s.Reset)})
	return nil
}

// randomRate is one that the routes file or a plan may have.
func randomRate(r *rand.Rand) limit.Rate {
	per := []time.Duration{time.Second, time.Minute, time.Hour}[r.IntN(3)]
	sizes := []int{1, 2, 5, 10, 100, 1000}
	return limit.Rate{Requests: 1 + r.IntN(sizes[r.IntN(len(sizes))]), Per: per, Burst: 1 + r.IntN(sizes[r.IntN(len(sizes))])}
}

func TestWhatRemainsNeverRisesBeforeTheResetAndIsThere(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		rates, one, two := alone(), randomRate(r), randomRate(r)
		limits := []limit.Limit{{Key: 1, Name: "root", Rate: one}, {Key: 2, Name: "plan root", Rate: two}}[:1+r.IntN(2)]
		said := make([]promises, len(limits))
		pause := one.Per / time.Duration(one.Requests)
		at := noon.Add(time.Duration(r.Int64N(int64(time.Hour))))
		call := func() (least int64, err error) {
			var left limit.Standings
			err = rates.Allow(t.Context(), at, 7, &left, limits...)
			if len(left.All()) != len(limits) {
				t.Fatalf("seed %d: %d standings of %d limits", seed, len(left.All()), len(limits))
			}
			least = left.All()[0].Remaining
			for i, s := range left.All() {
				least = min(least, s.Remaining)
				if wrong := said[i].check(s, at); wrong != nil {
					t.Fatalf("seed %d, %+v: %v", seed, limits[i].Rate, wrong)
				}
			}
			return least, err
		}
		for range 100 {
			at = at.Add(time.Duration(float64(pause) * []float64{0, 0.3, 1, 2, 20}[r.IntN(5)] * r.Float64()))
			least, err := call()
			if err != nil && least != 0 {
				t.Fatalf("seed %d: refused, with %d remaining", seed, least)
			}
			if r.IntN(10) > 0 {
				continue
			}
			for i := range least { // at once
				if _, err := call(); err != nil {
					t.Fatalf("seed %d, %+v: call %d of %d: %v", seed, limits, i+1, least, err)
				}
			}
		}
	}
}

// obedient makes calls as the fields allow, each of which takes some time, and reports how many were made in a second. It waits whole
// seconds, as they are told.
func obedient(t *testing.T, r *rand.Rand, calls int, longest time.Duration, limits ...limit.Limit) float64 {
	t.Helper()
	rates, at := alone(), noon
	for i := range calls {
		var left limit.Standings
		if err := rates.Allow(t.Context(), at, 7, &left, limits...); err != nil {
			t.Fatalf("call %d: %v", i+1, err)
		}
		at = at.Add(time.Duration(r.Int64N(int64(longest) + 1)))
		at = at.Add(pauseOf(&left))
	}
	return float64(calls) / at.Sub(noon).Seconds()
}

// pauseOf is how long a client waits that obeys.
func pauseOf(left *limit.Standings) (pause time.Duration) {
	for _, s := range left.All() {
		if s.Remaining == 0 {
			pause = max(pause, time.Duration(math.Ceil(s.Reset.Seconds()))*time.Second)
		}
	}
	return pause
}

func TestAClientThatObeysMeetsNoRefusalAndReachesTheRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate    limit.Rate
		longest time.Duration // call
		reaches float64       // of the rate
	}{
		{limit.Rate{Requests: 10, Per: time.Second, Burst: 20}, 0, 0.95},
		{limit.Rate{Requests: 10, Per: time.Second, Burst: 20}, 20 * time.Millisecond, 0.95},
		{limit.Rate{Requests: 10, Per: time.Second, Burst: 20}, 150 * time.Millisecond, 0.95},
		{limit.Rate{Requests: 10, Per: time.Second, Burst: 10}, 20 * time.Millisecond, 0.9},
		{limit.Rate{Requests: 100, Per: time.Minute, Burst: 100}, 20 * time.Millisecond, 0.95},
		{limit.Rate{Requests: 100, Per: time.Minute, Burst: 10}, 20 * time.Millisecond, 0.95},
		{limit.Rate{Requests: 1000, Per: time.Hour, Burst: 50}, 100 * time.Millisecond, 0.95},
		{limit.Rate{Requests: 1000, Per: time.Second, Burst: 1000}, 0, 0.95},
		{limit.Rate{Requests: 1, Per: time.Second, Burst: 1}, 0, 0.95},
		// A burst that comes back within a second is all that a client can use of a second: it is told whole ones.
		{limit.Rate{Requests: 5, Per: time.Second, Burst: 1}, 0, 0.2},
		{limit.Rate{Requests: 10, Per: time.Second, Burst: 5}, 0, 0.5},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		got := obedient(t, r, 10_000, c.longest, limit.Limit{Key: 1, Name: "root", Rate: c.rate})
		rate := float64(c.rate.Requests) / c.rate.Per.Seconds()
		t.Logf("%+v, calls of up to %s: %.1f %% of the rate", c.rate, c.longest, 100*got/rate)
		offered := rate
		if c.longest > 0 {
			offered = min(rate, 2/c.longest.Seconds())
		}
		if got < c.reaches*offered*0.99 {
			t.Errorf("%+v: %.2f calls a second", c.rate, got)
		}
	}
}

func TestAClientThatObeysTwoLimitsMeetsNoRefusal(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		obedient(t, r, 500, time.Duration(r.Int64N(int64(time.Second))),
			limit.Limit{Key: 1, Name: "root", Rate: randomRate(r)}, limit.Limit{Key: 2, Name: "plan root", Rate: randomRate(r)})
	}
}

func TestAClientThatObeysAtSeveralGatewaysMeetsNoRefusal(t *testing.T) {
	t.Parallel()
	ten := limit.Rate{Requests: 10, Per: time.Second, Burst: 20}
	hundred := limit.Rate{Requests: 100, Per: time.Minute, Burst: 100}
	for name, c := range map[string]struct {
		rate    limit.Rate
		choose  func(call int) int
		reaches float64
	}{
		"in turn, 10/s":           {ten, func(call int) int { return call % 3 }, 0.8},
		"in turn, 100/m":          {hundred, func(call int) int { return call % 3 }, 0.8},
		"in turn, smaller bursts": {limit.Rate{Requests: 5, Per: time.Second, Burst: 2}, func(call int) int { return call % 3 }, 0.19},
		"at any, 10/s":            {ten, func(int) int { return rand.IntN(3) }, 0.7},
		"at one, 10/s":            {ten, func(int) int { return 0 }, 0.3},
		"at one, 100/m":           {hundred, func(int) int { return 0 }, 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				all := fleet(t, newHub(), 3, c.rate)
				const calls = 1000
				var others sync.WaitGroup
				for _, s := range all { // they go on sharing rates
					s.load(t, 8, c.rate, 1, time.Now().Add(time.Hour), &others)
				}
				begin := time.Now()
				for i := range calls {
					var left limit.Standings
					if err := all[c.choose(i)].Allow(t.Context(), time.Now(), 7, &left, limit.Limit{Key: 1, Name: "root", Rate: c.rate}); err != nil {
						t.Errorf("call %d: %v", i+1, err)
					}
					time.Sleep(5*time.Millisecond + pauseOf(&left))
				}
				got := calls / time.Since(begin).Seconds() / float64(c.rate.Requests) * c.rate.Per.Seconds()
				t.Logf("%.1f %% of the rate", 100*got)
				if got < c.reaches {
					t.Errorf("%.1f %% of the rate", 100*got)
				}
				others.Wait()
			})
		})
	}
}

func TestARefusalSaysWhatAllLimitsLeave(t *testing.T) {
	t.Parallel()
	rates := alone()
	limits := []limit.Limit{
		{Key: 1, Name: "files", Rate: limit.Rate{Requests: 10, Per: time.Minute, Burst: 10}},
		{Key: 2, Name: "plan files", Rate: limit.Rate{Requests: 2, Per: time.Hour, Burst: 1}},
	}
	at := noon
	for i, want := range [][2]limit.Standing{
		{{"files", 10, time.Minute, 9, time.Minute}, {"plan files", 2, time.Hour, 0, 30 * time.Minute}},
		{{"files", 10, time.Minute, 9, time.Minute - time.Second}, {"plan files", 2, time.Hour, 0, 30*time.Minute - time.Second}},
	} {
		var left, seen limit.Standings
		err := rates.Allow(t.Context(), at, 7, &left, limits...)
		if refused := errors.Is(err, limit.ErrExceeded); refused != (i == 1) {
			t.Errorf("call %d: got %v", i+1, err)
		}
		rates.Look(at, 7, &seen, limits...)
		for name, got := range map[string][]limit.Standing{"the call": left.All(), "a look": seen.All()} {
			if !slices.Equal(got, want[:]) {
				t.Errorf("%s %d: got %+v, want %+v", name, i+1, got, want)
			}
		}
		at = at.Add(time.Second)
	}
}

func TestAWindowIsKeptWhileThereIsRoom(t *testing.T) {
	t.Parallel()
	rates := limit.NewRates(limit.RateConfig{Bound: 1 << 20, Log: slog.New(slog.DiscardHandler)})
	one := limit.Limit{Key: 1, Name: "files", Rate: limit.Rate{Requests: 60, Per: time.Minute, Burst: 60}}
	var said promises
	ask := func(at time.Time) {
		var left limit.Standings
		rates.Look(at, 0, &left, one)
		if err := said.check(left.All()[0], at); err != nil {
			t.Error(err)
		}
	}
	for range 30 {
		_ = rates.Allow(t.Context(), noon, 0, new(limit.Standings), one)
	}
	ask(noon)
	at := noon.Add(40 * time.Second) // all is there again, and the window goes on
	for user := range int64(10_000) {
		_ = rates.Allow(t.Context(), at, user*64+64, new(limit.Standings), one)
	}
	ask(at)
}

func TestAnotherRateIsToldAtOnce(t *testing.T) {
	t.Parallel()
	rates := alone()
	before := limit.Rate{Requests: 1, Per: time.Hour, Burst: 1}
	_ = allow(t, rates, noon, 7, "files", before)
	after := limit.Limit{Key: 'f', Name: "files", Rate: limit.Rate{Requests: 10, Per: time.Second, Burst: 10}}
	var left limit.Standings
	_ = rates.Allow(t.Context(), noon.Add(time.Second), 7, &left, after)
	left.Reset()
	_ = rates.Allow(t.Context(), noon.Add(3*time.Second), 7, &left, after)
	if got := left.All()[0]; got.Remaining == 0 || got.Reset != time.Second {
		t.Errorf("got %+v", got)
	}
}
