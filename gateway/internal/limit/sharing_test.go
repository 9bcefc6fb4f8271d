package limit_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/limit"
)

func TestARateHoldsForAllGatewaysTogether(t *testing.T) {
	t.Parallel()
	hundred, ten, one := limit.Rate{Requests: 100, Per: time.Second, Burst: 20}, limit.Rate{Requests: 10, Per: time.Second, Burst: 20}, limit.Rate{Requests: 1, Per: time.Second, Burst: 1}
	for name, test := range map[string]struct {
		rate   limit.Rate
		spread []int // calls a second at each gateway
	}{
		"evenly, as much as it allows":    {hundred, []int{33, 33, 34}},
		"evenly, three times as much":     {hundred, []int{100, 100, 100}},
		"evenly, thirty times as much":    {hundred, []int{1000, 1000, 1000}},
		"90 and 10, as much as it allows": {hundred, []int{90, 10}},
		"90 and 10, ten times as much":    {hundred, []int{900, 50, 50}},
		"at one of three":                 {hundred, []int{500, 1, 1}},
		"a small one, evenly":             {ten, []int{10, 10, 10}},
		"a small one, just at it":         {ten, []int{4, 3, 3}},
		"a small one, at one of three":    {ten, []int{50, 1, 1}},
		"the smallest, evenly":            {one, []int{5, 5, 5}},
		"as much as it allows, at ten":    {hundred, []int{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}},
		"three times as much, at ten":     {hundred, []int{30, 30, 30, 30, 30, 30, 30, 30, 30, 30}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				all := fleet(t, newHub(), len(test.spread), test.rate)
				var load sync.WaitGroup
				end := time.Now().Add(40 * time.Second)
				offered := 0
				for i, perSecond := range test.spread {
					all[i].load(t, 7, test.rate, perSecond, end, &load)
					offered += perSecond
				}
				most := float64(min(offered, test.rate.Requests) * 10)
				var before [100]int64
				for half := range 80 {
					before[half] = total(all)
					if half >= 20 {
						burst := 0.0
						if half < 24 {
							burst = float64(test.rate.Burst) // of the beginning
						}
						got := float64(before[half] - before[half-20])
						if got > 1.1*most+burst+1 || got < 0.9*most-1 {
							t.Errorf("10 seconds to %d.%d: %v of %v passed", half/2, half%2*5, got, most)
						}
					}
					time.Sleep(500 * time.Millisecond)
				}
				load.Wait()
			})
		})
	}
}

func TestABurstOfYearsIsSharedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rate := limit.Rate{Requests: 1, Per: time.Hour, Burst: 1_000_000}
		all := fleet(t, newHub(), 10, rate)
		for call := range 100_000 { // more than one gateway's part
			if err := all[0].call(t, 7, rate); err != nil {
				t.Fatalf("call %d: %v", call+1, err)
			}
		}
	})
}

// passes is how many calls pass at the gateways within the next ten seconds.
func passes(all ...*sharing) float64 {
	before := total(all)
	time.Sleep(10 * time.Second)
	return float64(total(all) - before)
}

func TestWhatADeadGatewayLetThroughTheOthersDoWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rate := limit.Rate{Requests: 100, Per: time.Second, Burst: 20}
		all := fleet(t, newHub(), 3, rate)
		var load sync.WaitGroup
		begin := time.Now()
		all[0].load(t, 7, rate, 500, begin.Add(15*time.Second), &load)
		all[1].load(t, 7, rate, 500, begin.Add(40*time.Second), &load)
		all[2].load(t, 7, rate, 20, begin.Add(40*time.Second), &load)
		time.Sleep(15 * time.Second)
		all[0].stop()
		time.Sleep(2 * time.Second)
		if got := passes(all[1:]...); got < 900 || got > 1100 {
			t.Errorf("%v passed in 10 seconds", got)
		}
		load.Wait()
	})
}

func TestWhileTheHubIsAwayEachGatewayLetsAnEqualPartThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rate := limit.Rate{Requests: 99, Per: time.Second, Burst: 20}
		h := newHub()
		all := fleet(t, h, 3, rate)
		var load sync.WaitGroup
		end := time.Now().Add(60 * time.Second)
		for _, s := range all[1:] {
			s.load(t, 7, rate, 300, end, &load)
		}
		time.Sleep(10 * time.Second)
		h.set(func() { h.away = true })
		time.Sleep(5 * time.Second)
		one, two := all[1].passed.Load(), all[2].passed.Load()
		time.Sleep(10 * time.Second)
		for i, got := range []int64{all[1].passed.Load() - one, all[2].passed.Load() - two} {
			if got < 297 || got > 363 {
				t.Errorf("away: gateway %d let %d of 990 through in 10 seconds", i+1, got)
			}
		}
		began := time.Now()
		if err := all[1].call(t, 7, rate); time.Since(began) != 0 {
			t.Errorf("a call waits for who is away: %v", err)
		}
		h.set(func() { h.away = false })
		time.Sleep(3 * time.Second)
		if got := passes(all[1:]...); got < 0.9*990 || got > 1.1*990 {
			t.Errorf("back: %v passed in 10 seconds", got)
		}
		load.Wait()
	})
}

func TestASingleGatewayAsksNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rate := limit.Rate{Requests: 100, Per: time.Second, Burst: 20}
		h := newHub()
		s := fleet(t, h, 1, rate)[0]
		h.set(func() { h.reports = 0 })
		began := time.Now()
		for range 1000 {
			_ = s.call(t, 7, rate)
		}
		if took := time.Since(began); took != 0 || s.passed.Load() != 20 {
			t.Errorf("%d passed, after %s", s.passed.Load(), took)
		}
		time.Sleep(10 * time.Second)
		h.set(func() {
			if h.reports > 26 {
				t.Errorf("%d reports in 10 seconds", h.reports)
			}
		})
		time.Sleep(2 * time.Minute)
		h.set(func() { h.reports = 0 })
		time.Sleep(time.Minute)
		h.set(func() {
			if h.reports != 0 {
				t.Errorf("%d reports in a minute without calls", h.reports)
			}
		})
	})
}

func TestACallThatOneLimitRefusesUsesUpNoOther(t *testing.T) {
	t.Parallel()
	rates := alone()
	wide := limit.Limit{Key: 1, Name: "files", Rate: limit.Rate{Requests: 10, Per: time.Hour, Burst: 10}}
	narrow := limit.Limit{Key: 2, Name: "plan files", Rate: limit.Rate{Requests: 1, Per: time.Hour, Burst: 1}}
	for i := range 5 {
		err := rates.Allow(t.Context(), noon, 7, new(limit.Standings), wide, narrow)
		if (err == nil) != (i == 0) {
			t.Errorf("call %d: got %v", i, err)
		}
	}
	for range 9 {
		if err := rates.Allow(t.Context(), noon, 7, new(limit.Standings), wide); err != nil {
			t.Fatal(err)
		}
	}
	if rates.Allow(t.Context(), noon, 7, new(limit.Standings), wide) == nil {
		t.Error("the eleventh passes")
	}
}

func TestManyUsersAtTheirRateAreSharedInFewReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rate := limit.Rate{Requests: 10, Per: time.Second, Burst: 20}
		h := newHub()
		all := fleet(t, h, 3, rate)
		h.set(func() { h.reports = 0 })
		var load sync.WaitGroup
		end := time.Now().Add(20 * time.Second)
		for user := range int64(200) {
			for _, s := range all {
				s.load(t, 1000+user, rate, 10, end, &load)
			}
		}
		load.Wait()
		if got := float64(total(all)) / 200; got > 1.1*10*20+20 || got < 0.9*10*20 {
			t.Errorf("%v calls of each user passed in 20 seconds", got)
		}
		h.set(func() {
			if h.reports > 3*20*30 {
				t.Errorf("%d reports", h.reports)
			}
		})
	})
}

//nolint:paralleltest // allocations are counted for the whole process
func TestTwoPlansHaveRatesOfTheirOwnUnderOneName(t *testing.T) {
	rates := alone()
	slow := limit.Limit{Key: 1, Name: "plan root", Rate: limit.Rate{Requests: 1_000_000, Per: time.Hour, Burst: 1_000_000}}
	quick := slow
	quick.Rate.Per = time.Second
	var left limit.Standings
	allocations := testing.AllocsPerRun(100, func() {
		for user, of := range []limit.Limit{slow, quick} {
			left.Reset()
			if err := rates.Allow(t.Context(), noon, int64(user+1), &left, of); err != nil {
				t.Error(err)
			}
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations: users take turns in what is noted of the name", allocations)
	}
}
