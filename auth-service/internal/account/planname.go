package account

import (
	"fmt"

	"tallygate/auth-service/internal/fault"
)

// DefaultPlan is the plan of users who were given none.
const DefaultPlan = "default"

// PlanName is the name of a user's plan. Empty means DefaultPlan: that is how the database keeps it, so that nothing has to
// be written for users who never get another one.
type PlanName string

// NewPlanName checks a name. The error is a *fault.InvalidError.
func NewPlanName(name string) (PlanName, error) {
	switch {
	case !isLabel(name):
		return "", fault.Invalid("plan", fmt.Sprintf("The name of a plan is 1 to %d of a-z, 0-9, hyphens and underscores.", maxLabel))
	case name == DefaultPlan:
		return "", nil
	}
	return PlanName(name), nil
}

// String is the name, also of the default plan.
func (p PlanName) String() string {
	if p == "" {
		return DefaultPlan
	}
	return string(p)
}
