package account

import (
	"context"
	"fmt"
)

// PutPlan makes a plan, or replaces its limits, and writes it into the audit log, both or neither. Users of the plan have the
// new limits at every gateway within a second. Errors: *fault.InvalidError, ErrTooManyPlans, ErrChangedMeanwhile, fault.ErrUnavailable.
func (s *Service) PutPlan(ctx context.Context, by Actor, name string, limits Limits, when If[Plan]) (p Plan, created bool, err error) {
	p = Plan{Limits: limits, UpdatedAt: s.now()}
	if p.Name, err = NewPlanName(name); err != nil {
		return Plan{}, false, err
	}
	if err := limits.validate(); err != nil {
		return Plan{}, false, err
	}
	entry := AuditEntry{At: p.UpdatedAt, Actor: by, Action: "put plan", TargetName: p.Name.String(), Detail: limits.String()}
	p, created, err = s.cfg.Store.PutPlan(ctx, p, entry, when.check)
	if err != nil {
		return Plan{}, false, fmt.Errorf("put plan: %w", err)
	}
	return p, created, nil
}

// DeletePlan deletes a plan that nobody has, and no open invitation. Errors: ErrPlanNotFound, ErrPlanInUse, ErrDefaultPlan,
// ErrChangedMeanwhile, fault.ErrUnavailable.
func (s *Service) DeletePlan(ctx context.Context, by Actor, name string, when If[Plan]) error {
	plan, err := planToFind(name)
	switch {
	case err != nil:
		return err
	case plan == "":
		return ErrDefaultPlan
	}
	entry := AuditEntry{At: s.now(), Actor: by, Action: "delete plan", TargetName: name}
	if err := s.cfg.Store.DeletePlan(ctx, plan, entry, when.check); err != nil {
		return fmt.Errorf("delete plan: %w", err)
	}
	return nil
}

// Plan returns one plan. Errors: ErrPlanNotFound, fault.ErrUnavailable.
func (s *Service) Plan(ctx context.Context, name string) (Plan, error) {
	plan, err := planToFind(name)
	if err != nil {
		return Plan{}, err
	}
	return s.cfg.Store.PlanByName(ctx, plan)
}

// planToFind is the name of a plan that may exist.
func planToFind(name string) (PlanName, error) {
	plan, err := NewPlanName(name)
	if err != nil {
		return "", ErrPlanNotFound
	}
	return plan, nil
}

// Plans returns plans whose names come after the name after, in the order of names.
func (s *Service) Plans(ctx context.Context, after string, limit int) ([]Plan, error) {
	return s.cfg.Store.Plans(ctx, after, limit)
}

// PlanOf returns the plan of a user; that of new users if there is no such user.
func (s *Service) PlanOf(ctx context.Context, userID int64) (Plan, error) {
	return s.cfg.Store.PlanOf(ctx, userID)
}
