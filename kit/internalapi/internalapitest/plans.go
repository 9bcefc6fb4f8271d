package internalapitest

import (
	"cmp"
	"net/http"
	"slices"
)

// SetPlan sets a plan: one without limits, with these members. It is a new change of the feed. It panics at a member that the
// description's example does not have.
func (s *AuthService) SetPlan(name string, members Members) {
	s.changePlan(name, func() Members { return s.plan(name, members) })
}

// DeletePlan deletes a plan. It is a new change of the feed.
func (s *AuthService) DeletePlan(name string) {
	s.changePlan(name, func() Members { return Members{"name": name, "deleted": true} })
}

// KnowNoPlans makes all responses those of a version that knows no plans and roles.
func (s *AuthService) KnowNoPlans() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.older = true
}

func (s *AuthService) changePlan(name string, change func() Members) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.plans[name] = change()
	s.plans[name]["version"] = s.version
	close(s.changed)
	s.changed = make(chan struct{})
}

// plan is a plan without limits but these.
func (s *AuthService) plan(name string, members Members) Members {
	example, _ := s.contract.ResponseExample("readRecord", http.StatusOK)["plan_limits"].(Members)
	for member := range example {
		example[member] = nil
	}
	set(example, Members{"name": name, "version": 0, "rates": []any{}})
	return set(example, members)
}

// withPlan adds the plan of the user to a record.
func (s *AuthService) withPlan(record Members) Members {
	name, _ := record["plan"].(string)
	if plan, known := s.plans[name]; known {
		record["plan_limits"] = copyOf(plan)
	} else {
		delete(record, "plan_limits")
	}
	if s.older {
		return s.withoutPlan(record)
	}
	return record
}

// withoutPlan is a record as it stands in the feed.
func (s *AuthService) withoutPlan(record Members) Members {
	delete(record, "plan_limits")
	if s.older {
		for _, member := range []string{"plan", "roles", "own_quota"} {
			delete(record, member)
		}
	}
	return record
}

// plansSince returns the plans that have changed after a version, in the order of their versions.
func (s *AuthService) plansSince(after int64) []any {
	plans := []any{}
	if s.older {
		return plans
	}
	for _, plan := range s.plans {
		if version(plan) > after {
			plans = append(plans, copyOf(plan))
		}
	}
	slices.SortFunc(plans, func(a, b any) int { return cmp.Compare(version(a), version(b)) })
	return plans
}
