package turn_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/kit/turn"
)

func TestThoseWhoWaitAreCalledByRankAndThenInTheOrderOfTheirArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		line := turn.NewLine(1, 10)
		if err := line.Take(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		var got []string
		var all sync.WaitGroup
		for _, w := range []struct {
			name string
			rank turn.Rank
		}{{"a", 0}, {"b", 0}, {"first", 1}, {"c", 0}, {"second", 1}} {
			all.Go(func() {
				if err := line.Take(t.Context(), w.rank); err != nil {
					t.Error(err)
				}
				got = append(got, w.name) // nobody else has a turn
				line.Leave()
			})
			synctest.Wait()
		}
		line.Leave()
		all.Wait()
		if want := []string{"first", "second", "a", "b", "c"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestALineIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lines := turn.NewLines(2, 3)
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for n := range 5 {
			waiting.Go(func() {
				leave, err := lines.Take(ctx, "ada", 0)
				switch {
				case n < 2 && err != nil, n >= 2 && !errors.Is(err, context.Canceled):
					t.Errorf("%d: got %v", n, err)
				case err == nil:
					<-ctx.Done()
					time.Sleep(time.Second)
					leave()
				}
			})
			synctest.Wait()
		}
		if _, err := lines.Take(ctx, "ada", 0); !errors.Is(err, turn.ErrTooMany) {
			t.Errorf("past the bound: got %v, want ErrTooMany", err)
		}
		leave, err := lines.Take(ctx, "eve", 0)
		if err != nil {
			t.Fatalf("another key: %v", err)
		}
		leave()
		cancel()
		waiting.Wait()
		for range 2 { // those who gave up took no turn with them
			leave, err := lines.Take(t.Context(), "ada", 0)
			if err != nil {
				t.Fatal(err)
			}
			defer leave()
		}
	})
}

// TestAHigherRankFindsAPlaceInAFullLine: whoever fills a line cannot keep out those who matter more.
func TestAHigherRankFindsAPlaceInAFullLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		line := turn.NewLine(1, 2)
		if err := line.Take(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		got := map[string]error{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, w := range []struct {
			name string
			rank turn.Rank
		}{{"first", 0}, {"last", 0}, {"higher", 1}, {"late", 0}} {
			all.Go(func() {
				err := line.Take(t.Context(), w.rank)
				if err == nil {
					defer line.Leave()
				}
				mu.Lock()
				defer mu.Unlock()
				got[w.name] = err
			})
			synctest.Wait()
		}
		line.Leave()
		all.Wait()
		for name, refused := range map[string]bool{"first": false, "last": true, "higher": false, "late": true} {
			if errors.Is(got[name], turn.ErrTooMany) != refused || !refused && got[name] != nil {
				t.Errorf("%s: got %v", name, got[name])
			}
		}
		if !line.Try() {
			t.Error("a turn is lost")
		}
	})
}
