package every_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/kit/every"
)

func TestDo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		takes time.Duration
		want  []time.Duration // when work began
	}{
		"short work":                    {0, []time.Duration{2 * time.Second, 4 * time.Second, 6 * time.Second}},
		"work longer than the interval": {3 * time.Second, []time.Duration{2 * time.Second, 5 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
				defer cancel()
				start := time.Now()
				var got []time.Duration
				every.Do(ctx, 2*time.Second, func() {
					got = append(got, time.Since(start))
					time.Sleep(test.takes)
				})
				if !slices.Equal(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]bool{time.Second: true, 3 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			start := time.Now()
			if got := every.Sleep(ctx, d); got != want || time.Since(start) != min(d, 2*time.Second) {
				t.Errorf("%s: got %t after %s", d, got, time.Since(start))
			}
		})
	}
}
