package check_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/check"
)

func TestCallsAtOnceWithANewKeyShareAQuestion(t *testing.T) {
	t.Parallel()
	s := newService(7)
	s.holding = func(int64) { time.Sleep(100 * time.Millisecond) }
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		var calls sync.WaitGroup
		for range 200 {
			calls.Go(func() { f.expectBy(t, "at once", raw, 200) })
		}
		calls.Wait()
		if got := s.askedAboutKeys(); got != 1 {
			t.Errorf("%d questions", got)
		}
	})
}

// TestACallThatLookedBeforeTheAnswerCameAsksNoMore: between its look and its question, the question of another call ends.
func TestACallThatLookedBeforeTheAnswerCameAsksNoMore(t *testing.T) {
	t.Parallel()
	s := newService(7)
	var looks atomic.Int32 // at the clock; none are counted below 0
	looks.Store(math.MinInt32)
	var hold chan struct{}
	slow := func(cfg *check.Config) {
		cfg.Now = func() time.Time {
			if looks.Add(1) == 2 { // once when the call comes, once when it is about to ask
				<-hold
			}
			return time.Now()
		}
	}
	inBubble(t, s, slow, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		synctest.Wait()
		late := make(chan int)
		hold = make(chan struct{})
		looks.Store(0)
		go func() { late <- f.by(t, raw) }()
		synctest.Wait()
		f.expectBy(t, "meanwhile", raw, 200)
		close(hold)
		if got := <-late; got != 200 {
			t.Errorf("got %d", got)
		}
		if got := s.askedAboutKeys(); got != 1 {
			t.Errorf("%d questions", got)
		}
	})
}
