package ledger

import (
	"context"
	"errors"
	"time"

	"tallygate/auth-service/internal/fault"
)

// ErrStaleLease means that a later request of the same lease was handled before.
var ErrStaleLease = errors.New("a later request of this lease was handled before")

// reservedFor says how long calls stay reserved, in lease times. A gateway may use them for one lease time, counted from
// before its request. The rest is time to deliver what was counted, also for a gateway that takes over from a dead one.
const reservedFor = 2

// Bounds of one grant. It is at most a fiftieth of the quota, so that a dead gateway withholds little from a user, and at
// most a quarter of the calls that are left.
const (
	maxGrant       = 1000
	partOfLimit    = 50
	partOfLeftover = 4
)

// leaseMemory is how long an expired lease is remembered, for late repetitions of its last request.
const leaseMemory = time.Hour

// LeaseRequest is a gateway's request for calls of a user in a month.
type LeaseRequest struct {
	Gateway string
	UserID  int64
	Month   Period
	// Number is 1 for the first request of this gateway for this user and month, then 2, and so on. The same number again
	// gets the same grant, not another one: the first response was lost.
	Number int64
	Want   int64 // calls
	// Returned are calls that the gateway holds and will not use. They are no longer reserved.
	Returned int64
	Until    time.Time // when the reservation expires; the Service sets it
}

// MonthlyQuota is what decides about a user's quota.
type MonthlyQuota struct {
	Own  *int64 // the user's own quota goes before the plan's
	Plan *int64 // the plan's
	// Other: the plan is another one than the default plan, whose quota is the service's default.
	Other bool
}

// Account is the state of a user's month.
type Account struct {
	Quota    MonthlyQuota
	Used     int64
	Reserved int64 // by all gateways
}

// Lease is what the Store did for a LeaseRequest. A user who is gone gets nothing.
type Lease struct {
	Granted   int64
	Account         // after the grant
	Elsewhere int64 // the part of Reserved that other gateways hold
}

// LeaseState is the response to a LeaseRequest.
type LeaseState struct {
	Granted   int64
	Limit     *int64 // nil: no quota
	Remaining int64  // neither used nor reserved
	Elsewhere int64  // reserved by other gateways
	ResetsAt  time.Time
	// UseWithin is how long the gateway may use all calls that it holds for the user and month, from before its request.
	UseWithin time.Duration
}

// Quota returns the quota that applies: the user's own, else the plan's; nil is no quota.
func (s *Service) Quota(m MonthlyQuota) *int64 {
	switch {
	case m.Own != nil:
		return m.Own
	case m.Plan != nil || m.Other:
		return m.Plan
	}
	return s.cfg.DefaultQuota
}

// Lease reserves calls for a gateway. Errors: *fault.InvalidError, ErrStaleLease,
// fault.ErrUnavailable.
func (s *Service) Lease(ctx context.Context, r LeaseRequest) (LeaseState, error) {
	now := s.now()
	switch near := Month(now); {
	case !validName(r.Gateway, maxGateway):
		return LeaseState{}, fault.Invalid("gateway", "The gateway has to be named by 1 to 64 letters, digits, dots, underscores and hyphens.")
	case r.Returned < 0:
		return LeaseState{}, fault.Invalid("returned", "The member returned must not be below 0.")
	case r.UserID < 1 || r.Number < 1 || r.Want < 1:
		return LeaseState{}, fault.Invalid("want", "The members user_id, request and want have to be positive whole numbers.")
	case r.Month.To.Before(near.From) || r.Month.From.After(near.To):
		return LeaseState{}, fault.Invalid("month", "The month has to be the present one or a neighbour of it.")
	}
	where := func(m Marks) []Span { return r.Month.totals(m) }
	r.Until = now.Add(reservedFor * s.cfg.LeaseTime)
	lease, err := s.cfg.Store.Lease(ctx, r, now, where, func(a Account) int64 {
		return grant(s.Quota(a.Quota), a.Used, a.Reserved, r.Want)
	})
	if err != nil {
		return LeaseState{}, err
	}
	state := LeaseState{
		Granted: lease.Granted, Limit: s.Quota(lease.Quota), Elsewhere: lease.Elsewhere,
		ResetsAt: r.Month.To, UseWithin: s.cfg.LeaseTime,
	}
	if state.Limit != nil {
		state.Remaining = max(*state.Limit-lease.Used-lease.Reserved, 0)
	}
	return state, nil
}

// EndLeases frees the calls that a gateway has reserved. Everything that it counted must be delivered before.
func (s *Service) EndLeases(ctx context.Context, gateway string) error {
	return s.cfg.Store.EndLeases(ctx, gateway)
}

// grant decides how many calls to reserve: small parts, which get smaller towards the end of the quota.
func grant(limit *int64, used, reserved, want int64) int64 {
	if limit == nil {
		return want
	}
	left := *limit - used - reserved
	if left <= 0 {
		return 0
	}
	return min(want, maxGrant, roundUp(*limit, partOfLimit), roundUp(left, partOfLeftover))
}

func roundUp(n, by int64) int64 { return n/by + min(n%by, 1) }
