package check_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
)

// plansAfter are the plans that have changed after a version. s.mu is held.
func (s *service) plansAfter(after int64) []authclient.Plan {
	if s.plans == nil {
		return nil
	}
	plans := slices.Collect(maps.Values(s.plans))
	plans = slices.DeleteFunc(plans, func(p authclient.Plan) bool { return p.Version <= after })
	slices.SortFunc(plans, func(a, b authclient.Plan) int { return int(a.Version - b.Version) })
	return plans
}

// put changes a plan, and the feed has it at once.
func (s *service) put(p authclient.Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	p.Version = s.version
	s.plans[p.Name] = p
	s.wake()
}

// planned is a service whose user 7 has the plan pro, of 100 calls a month, and user 8 the default one.
func planned() *service {
	s := newService(7, 8)
	s.plans = map[string]authclient.Plan{"default": {Name: "default"}, "pro": {Name: "pro", PerMonth: new(int64(100))}}
	for id, plan := range map[int64]string{7: "pro", 8: "default"} {
		r := s.users[id]
		r.Plan = plan
		s.users[id] = r
	}
	return s
}

// quota is the monthly quota of a user as it is now.
func (f *fixture) quota(t *testing.T, userID int64) int64 {
	t.Helper()
	return f.caller(t, userID, nil).MonthlyQuota
}

func TestAChangeOfAPlanReachesItsUsersAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, planned(), nil, func(t *testing.T, f *fixture) {
		want := func(when string, seven, eight int64) {
			t.Helper()
			synctest.Wait() // no time passes
			if a, b := f.quota(t, 7), f.quota(t, 8); a != seven || b != eight {
				t.Errorf("%s: got %d and %d, want %d and %d", when, a, b, seven, eight)
			}
		}
		want("at first", 100, check.NoQuota)
		f.service.put(authclient.Plan{
			Name: "pro", PerMonth: new(int64(50)), PerDay: new(int64(5)), Rates: []authclient.PlanRate{{Route: "*", Rate: "10/s", Burst: 20}},
		})
		want("after a change", 50, check.NoQuota)
		if p := f.caller(t, 7, nil).Plan; p.Name != "pro" || p.PerDay != 5 || p.InFlight != check.NoQuota || len(p.Rates) != 1 ||
			p.Rates[0].Calls != 10 || p.Rates[0].Per != time.Second || p.Rates[0].Burst != 20 {
			t.Errorf("the plan is %+v", p)
		}
		f.service.put(authclient.Plan{Name: "default", PerMonth: new(int64(7))})
		want("after one of the default plan", 50, 7)
		f.service.change(7, func(r *authclient.Record) { r.OwnQuota = new(int64(3)) })
		want("with a quota of the user's own", 3, 7)
		f.service.change(7, func(r *authclient.Record) { r.OwnQuota, r.Plan = nil, "default" })
		f.service.put(authclient.Plan{Name: "pro", Deleted: true})
		want("with another plan", 7, 7)
		f.service.put(authclient.Plan{Name: "pro", PerMonth: new(int64(9))})
		f.service.change(7, func(r *authclient.Record) { r.Plan = "pro" })
		want("with a plan that was made again", 9, 7)
		if got := f.service.lookedUp(); got != 2 {
			t.Errorf("%d lookups", got)
		}
	})
}

// TestALateResponseNeverBringsBackAnOlderPlan: the record is read before the plan changes, and comes after the feed said so.
func TestALateResponseNeverBringsBackAnOlderPlan(t *testing.T) {
	t.Parallel()
	inBubble(t, planned(), nil, func(t *testing.T, f *fixture) {
		f.service.holding = func(int64) {
			f.service.put(authclient.Plan{Name: "pro", PerMonth: new(int64(1))})
			time.Sleep(time.Second)
		}
		if got := f.quota(t, 7); got != 1 {
			t.Errorf("got the quota %d, want 1", got)
		}
	})
}

// TestPlansOfALostHistoryAreReplaced: after a restore versions say nothing, and plans may be gone.
func TestPlansOfALostHistoryAreReplaced(t *testing.T) {
	t.Parallel()
	s := planned()
	s.epoch, s.version = "1", 41
	pro := s.plans["pro"]
	pro.Version = 40
	s.plans["pro"] = pro
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		if got := f.quota(t, 7); got != 100 {
			t.Errorf("before: got %d", got)
		}
		s.mu.Lock()
		s.epoch = "2"
		s.plans = map[string]authclient.Plan{"default": {Name: "default"}, "pro": {Name: "pro", PerMonth: new(int64(60)), Version: 12}}
		s.wake()
		s.mu.Unlock()
		synctest.Wait()
		if got := f.quota(t, 7); got != 60 {
			t.Errorf("after: got %d, want 60", got)
		}
	})
}

// TestAnAuthServiceThatKnowsNoPlans: its monthly_quota is what applies.
func TestAnAuthServiceThatKnowsNoPlans(t *testing.T) {
	t.Parallel()
	s := newService(7, 8)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		s.change(7, func(r *authclient.Record) { r.MonthlyQuota = new(int64(50)) })
		seven, eight := f.caller(t, 7, nil), f.caller(t, 8, nil)
		if seven.MonthlyQuota != 50 || eight.MonthlyQuota != check.NoQuota || seven.Plan != nil || seven.Roles != nil {
			t.Errorf("got %+v and %+v", seven, eight)
		}
	})
}

func TestACallNeedsOneOfTheRolesUntilItEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, planned(), nil, func(t *testing.T, f *fixture) {
		nobody := f.caller(t, 7, nil)
		if err := nobody.Require([]string{"ops"}); !errors.Is(err, check.ErrRole) {
			t.Errorf("without roles: got %v", err)
		}
		if err := nobody.Require(nil); err != nil {
			t.Errorf("no role is needed: got %v", err)
		}
		f.service.change(7, func(r *authclient.Record) { r.Roles = []string{"analyst", "ops"} })
		f.service.change(8, func(r *authclient.Record) { r.Role = "admin" })
		synctest.Wait()
		who := f.caller(t, 7, nil)
		if err := who.Require([]string{"admin", "ops"}); err != nil || who.Roles.Text != "analyst,ops" {
			t.Fatalf("got %+v, %v", who.Roles, err)
		}
		admin := f.caller(t, 8, nil)
		if err := admin.Require([]string{"admin", "ops"}); err != nil || admin.Roles.Text != "admin" {
			t.Errorf("an administrator: got %+v, %v", admin.Roles, err)
		}
		f.valid(t, "with the role", who, "")
		f.service.change(7, func(r *authclient.Record) { r.Roles = []string{"analyst"} })
		synctest.Wait()
		f.valid(t, "without it", who, "role")
		next := f.caller(t, 7, nil)
		if err := next.Require([]string{"ops"}); !errors.Is(err, check.ErrRole) {
			t.Errorf("the next call: got %v", err)
		}
	})
}

func BenchmarkPlanAndRolesOfACall(b *testing.B) {
	f := start(b, planned(), nil)
	defer f.stop()
	for f.Staleness() > 0 || func() bool {
		_, err := f.Check(b.Context(), []string{params(7, time.Now()).TokenWith(nil)})
		return err != nil
	}() {
		time.Sleep(time.Millisecond)
	}
	f.service.change(7, func(r *authclient.Record) { r.Roles = []string{"analyst", "ops"} })
	fields := []string{params(7, time.Now()).TokenWith(nil)}
	for {
		if who, err := f.Check(b.Context(), fields); err == nil && who.Roles != nil {
			break
		}
	}
	wanted := []string{"admin", "ops"}
	for _, part := range []struct {
		name  string
		roles []string
	}{{"token", nil}, {"token, plan and roles", wanted}} {
		b.Run(part.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				who, err := f.Check(b.Context(), fields)
				if err == nil {
					err = who.Require(part.roles)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
