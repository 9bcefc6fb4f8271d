package limit_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/limit"
)

func TestEachQuotaLetsAllOfItThroughAndNotOneUnitMore(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ month, day, key, cost, want int64 }{
		{300, -1, -1, 1, 300},
		{-1, 300, -1, 1, 300},
		{-1, -1, 300, 1, 300},
		{300, 200, 250, 1, 200},
		{200, 300, 250, 1, 200},
		{300, 250, 200, 1, 200},
		{300, 250, 203, 5, 200},
		{1000, 999, -1, 7, 994},
		{100, 100, 100, 100, 100},
		{99, -1, -1, 100, 0},
		{0, -1, -1, 1, 0},
	} {
		t.Run(fmt.Sprint(row), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				all, stop := openOffices(t, newBooks(row.month, row.day, row.key), 3)
				var load sync.WaitGroup
				for _, o := range all {
					for range 3 {
						load.Go(func() {
							for range 120 {
								_ = o.call(row.cost, false, 0)
								time.Sleep(time.Second + 7*time.Millisecond)
							}
						})
					}
				}
				load.Wait()
				stop()
				for name, got := range passed(all) {
					if got != row.want {
						t.Errorf("%d units passed of the quota of %s, want %d", got, name, row.want)
					}
				}
			})
		})
	}
}

func TestCallsOfDifferentCostsLeaveLessThanTheCheapest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, stop := openOffices(t, newBooks(10_000, -1, 9_000), 3)
		var load sync.WaitGroup
		for i, o := range all {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			load.Go(func() {
				for range 3000 {
					_ = o.call(3+random.Int64N(40), false, 0)
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		load.Wait()
		stop()
		for name, got := range passed(all) {
			if got > 9_000 || got < 8_998 {
				t.Errorf("%d units passed of the quota of %s", got, name)
			}
		}
	})
}

func TestOf200ParallelCallsExactlyOnePassesWhereOneRemains(t *testing.T) {
	t.Parallel()
	for _, remaining := range []struct{ month, day, key int64 }{{1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}, {5, 1, 9}} {
		synctest.Test(t, func(t *testing.T) {
			all, stop := openOffices(t, newBooks(remaining.month, remaining.day, remaining.key), 2)
			var load sync.WaitGroup
			var limited atomic.Int64
			for i := range 200 {
				load.Go(func() {
					if errors.Is(all[i%2].call(1, false, 0), limit.ErrExceeded) {
						limited.Add(1)
					}
				})
			}
			load.Wait()
			stop()
			if got := all[0].calls.Load() + all[1].calls.Load(); got != 1 || limited.Load() != 199 {
				t.Errorf("%+v: %d calls passed, %d refused", remaining, got, limited.Load())
			}
		})
	}
}

func TestAnAnnouncedCostPassesAQuotaByWhatIsInFlightAtMost(t *testing.T) {
	t.Parallel()
	const quota, cost, callers = 3000, 17, 4
	synctest.Test(t, func(t *testing.T) {
		all, stop := openOffices(t, newBooks(quota, -1, quota), 3)
		var load sync.WaitGroup
		for i, o := range all {
			random := rand.New(rand.NewPCG(2, uint64(i)))
			for range callers {
				takes := time.Duration(random.IntN(300)) * time.Millisecond
				load.Go(func() {
					for range 200 {
						_ = o.call(cost, true, takes)
						time.Sleep(time.Second)
					}
				})
			}
		}
		load.Wait()
		stop()
		for name, got := range passed(all) {
			if got < quota || got > quota+3*callers*cost {
				t.Errorf("%d units passed of the quota of %s, want %d and at most %d more", got, name, quota, 3*callers*cost)
			}
		}
	})
}

func TestOneCallAtATimePassesAQuotaByLessThanItsCost(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ quota, most, gateways int64 }{{100, 7, 3}, {100, 7, 1}, {1000, 30, 3}, {5000, 7, 5}, {5000, 900, 3}, {60_000, 2500, 3}} {
		for _, fixed := range []bool{true, false} {
			t.Run(fmt.Sprint(row, fixed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					all, stop := openOffices(t, newBooks(row.quota, -1, -1), int(row.gateways))
					random := rand.New(rand.NewPCG(3, uint64(row.quota)))
					used, refused := int64(0), 0
					for i := 0; refused < 200; i++ {
						cost := row.most
						if !fixed {
							cost = 1 + random.Int64N(row.most)
						}
						if err := all[random.IntN(len(all))].call(cost, true, 5*time.Millisecond); err != nil {
							refused++
							time.Sleep(time.Second)
							continue
						}
						if used += cost; used >= row.quota+cost {
							t.Fatalf("%d units passed, the last %d of them after the end", used, cost)
						}
						refused = 0
					}
					stop()
					if used < row.quota {
						t.Errorf("%d units passed, want at least %d", used, row.quota)
					}
				})
			})
		}
	}
}

func TestFixedAndAnnouncedCostsShareAQuota(t *testing.T) {
	t.Parallel()
	const quota = 5000
	synctest.Test(t, func(t *testing.T) {
		all, stop := openOffices(t, newBooks(quota, quota+1000, -1), 2)
		var load sync.WaitGroup
		for _, o := range all {
			for i := range 3 {
				load.Go(func() {
					for range 900 {
						_ = o.call(int64(1+4*i), i == 2, 150*time.Millisecond)
						time.Sleep(300 * time.Millisecond)
					}
				})
			}
		}
		load.Wait()
		stop()
		for name, got := range passed(all) {
			if got < quota || got > quota+2*9 {
				t.Errorf("%d units passed of the quota of %s, want %d and at most %d more", got, name, quota, 2*9)
			}
		}
	})
}

func TestAtTheEdgesOfPeriodsNoCallIsLostOrRefusedWrongly(t *testing.T) {
	t.Parallel()
	const perDay, perMonth = 100, 2950 // January gets 30 days' worth of 31
	synctest.Test(t, func(t *testing.T) {
		all, stop := openOffices(t, newBooks(perMonth, perDay, -1), 3)
		var load sync.WaitGroup
		for _, o := range all {
			load.Go(func() {
				for day := range 70 { // from 2000-01-01 00:00
					midnight := time.Date(2000, 1, 1+day, 0, 0, 0, 0, time.UTC)
					time.Sleep(time.Until(midnight.Add(-150 * time.Millisecond)))
					for range 500 { // 150 ms of the day before, and 49.85 s of this one
						_ = o.call(1, false, 0)
						time.Sleep(100 * time.Millisecond)
					}
					time.Sleep(time.Until(midnight.Add(12 * time.Hour)))
					for range 20 {
						_ = o.call(1, false, 0)
						time.Sleep(1100 * time.Millisecond)
					}
				}
			})
		}
		load.Wait()
		stop()
		got := passed(all)
		for day := range 69 {
			date := time.Date(2000, 1, 1+day, 0, 0, 0, 0, time.UTC)
			want := int64(perDay)
			if date.Day() == 30 && date.Month() == 1 {
				want = 50
			} else if date.Day() == 31 && date.Month() == 1 {
				want = 0
			}
			if name := "day " + date.Format(time.DateOnly); got[name] != want {
				t.Errorf("%s: %d calls passed, want %d", name, got[name], want)
			}
		}
		if got["month 2000-01"] != perMonth || got["month 2000-02"] != 29*perDay {
			t.Errorf("got %d in January and %d in February", got["month 2000-01"], got["month 2000-02"])
		}
	})
}

func TestFiveGatewaysThatStartAtOnceNearTheEndStayWithinTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const quota, left = 10_000, 100
		books := newBooks(quota, -1, -1)
		books.of("month", "2000-01").used = quota - left
		all, stop := openOffices(t, books, 5)
		var load sync.WaitGroup
		for _, o := range all {
			for range 10 {
				load.Go(func() {
					for range 100 {
						_ = o.call(1, false, 0)
						time.Sleep(time.Second)
					}
				})
			}
		}
		load.Wait()
		stop()
		if got := passed(all)["month 2000-01"]; got != left {
			t.Errorf("%d calls passed, want %d", got, left)
		}
	})
}

func TestWhatRemainsNeverRisesForOneCallerAndIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, stop := openOffices(t, newBooks(5000, 4000, 3000), 1)
		last := map[string]int64{}
		for range 5000 {
			c := limit.Claim{At: time.Now(), UserID: 7, KeyID: 9, PerMonth: 5000, PerDay: 4000, KeyPerMonth: 3000, Cost: 2}
			var left limit.Standings
			err := all[0].Admit(t.Context(), &c, &left)
			if err == nil {
				all[0].count(&c, 2)
			}
			if len(left.All()) != 3 {
				t.Fatalf("got %+v", left.All())
			}
			for _, one := range left.All() {
				if before, ok := last[one.Name]; ok && (one.Remaining > before || err == nil && one.Remaining != before-2) {
					t.Fatalf("%s: %d remain after %d", one.Name, one.Remaining, before)
				}
				last[one.Name] = one.Remaining
			}
			if (last["key"] == 0) != (all[0].passed[all[0].books.of("key", "2000-01 9")] == 3000) {
				t.Fatalf("%v remain", last)
			}
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		if want := (map[string]int64{"month": 2000, "day": 1000, "key": 0}); fmt.Sprint(last) != fmt.Sprint(want) {
			t.Errorf("in the end %v remain, want %v", last, want)
		}
	})
}
