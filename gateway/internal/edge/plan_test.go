package edge_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/kit/rate"
)

// planned knows everybody as user 7, who has a plan.
type planned struct {
	keeper

	plan *check.Plan
}

func (p planned) Check(context.Context, []string) (check.Identity, error) {
	return check.Identity{UserID: 7, MonthlyQuota: check.NoQuota, Plan: p.plan}, nil
}

// planOf is a plan with these rates, and without quotas.
func planOf(inFlight int64, rates ...check.PlanRate) *check.Plan {
	return &check.Plan{Name: "pro", PerMonth: check.NoQuota, PerDay: check.NoQuota, InFlight: inFlight, Rates: rates}
}

func TestThePlansRateHoldsBesideTheRoutes(t *testing.T) {
	t.Parallel()
	backend := replica(t, echo)
	plain, other, narrow := locked("/a", backend), locked("/b", backend), locked("/c", backend)
	plain.Metered, other.Metered, narrow.Metered = true, true, true
	narrow.Rate.Requests, narrow.Rate.Per, narrow.Rate.Burst = 1, time.Hour, 1
	three := check.PlanRate{Route: "*", Rate: rate.Rate{Calls: 3, Per: time.Hour}, Burst: 3}
	one := check.PlanRate{Route: "r-b", Rate: rate.Rate{Calls: 1, Per: time.Hour}, Burst: 2}
	addr := gateWith(t, edge.Config{Check: planned{plan: planOf(check.NoQuota, three, one)}}, plain, other, narrow)
	for path, allowed := range map[string]int{"/a": 3, "/b": 2, "/c": 1} {
		for i := range 5 {
			resp, body := call(t, addr, getting(path, "Authorization: any"))
			want := http.StatusOK
			if i >= allowed {
				want = http.StatusTooManyRequests
			}
			if resp.StatusCode != want {
				t.Errorf("%s, call %d: got %d %s", path, i+1, resp.StatusCode, body)
			}
		}
	}
}

func TestThePlanBoundsOpenCalls(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	at := locked("/a", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("hold") {
			<-held
		}
	}))
	at.Metered = true
	addr := gateWith(t, edge.Config{Check: planned{plan: planOf(2)}}, at)
	for range 2 {
		c, _ := dial(t, addr)
		send(t, c, getting("/a?hold", "Authorization: any"))
	}
	var status int
	for deadline := time.Now().Add(10 * time.Second); status != http.StatusTooManyRequests && time.Now().Before(deadline); {
		resp, _ := call(t, addr, getting("/a", "Authorization: any")) // passes until both are there
		status = resp.StatusCode
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("the third: got %d", status)
	}
	close(held)
	for deadline := time.Now().Add(10 * time.Second); status != http.StatusOK && time.Now().Before(deadline); {
		resp, _ := call(t, addr, getting("/a", "Authorization: any"))
		status = resp.StatusCode
	}
	if status != http.StatusOK {
		t.Errorf("afterwards: got %d", status)
	}
}
