package limit_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/limit"
)

func TestALookAtRatesTakesNothing(t *testing.T) {
	t.Parallel()
	rates := alone()
	one := limit.Limit{Key: 1, Name: "files", Rate: limit.Rate{Requests: 3, Per: time.Hour, Burst: 3}}
	var left limit.Standings
	for range 5 {
		left.Reset()
		rates.Look(noon, 7, &left, one)
	}
	if got := left.All()[0].Remaining; got != 3 {
		t.Errorf("%d remain", got)
	}
	for range 3 {
		left.Reset()
		if err := rates.Allow(t.Context(), noon, 7, &left, one); err != nil {
			t.Error(err)
		}
	}
	if got := left.All()[0].Remaining; got != 0 {
		t.Errorf("in the end %d remain", got)
	}
}

func TestALookAtQuotasTakesNothingAndSaysWhatTheLastCallDid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(10)
		g := newGateway("a", l, true)
		c := limit.Claim{At: time.Now(), UserID: 7, PerMonth: 10, PerDay: -1, KeyPerMonth: -1, Cost: 1}
		var before, after, looked limit.Standings
		if g.Look(&c, &before); len(before.All()) != 0 || l.requests != 0 {
			t.Errorf("before a call: got %+v, after %d requests", before.All(), l.requests)
		}
		if err := g.Admit(t.Context(), &c, &after); err != nil {
			t.Fatal(err)
		}
		requests := l.requests
		for range 20 {
			looked.Reset()
			g.Look(&c, &looked)
		}
		if !slices.Equal(looked.All(), after.All()) || len(looked.All()) != 1 || l.requests != requests {
			t.Errorf("got %+v, want %+v", looked.All(), after.All())
		}
	})
}
