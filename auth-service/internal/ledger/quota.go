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

// Bounds of one grant, in units. It is at most a fiftieth of the quota, so that a dead gateway withholds little from a user, and
// at most a quarter of what is left. A call that costs more gets what it costs.
const (
	maxGrant       = 1000
	partOfLimit    = 50
	partOfLeftover = 4
)

// leaseMemory is how long an expired lease is remembered, for late repetitions of its last request.
const leaseMemory = time.Hour

// Scope is what a quota is about: a user's month or day, or the month of one of the user's API keys.
type Scope struct {
	UserID int64
	KeyID  int64 // 0: all calls of the user
	Step   Step  // ByMonth, or ByDay without a key
	Period       // one step
}

// UsersMonth is the month of a user that contains t.
func UsersMonth(userID int64, t time.Time) Scope { return Scope{userID, 0, ByMonth, Month(t)} }

// UsersDay is the day (UTC) of a user that contains t.
func UsersDay(userID int64, t time.Time) Scope {
	start := ByDay.Start(t)
	return Scope{userID, 0, ByDay, Period{From: start, To: start.Add(day)}}
}

// KeysMonth is the month of an API key that contains t.
func KeysMonth(userID, keyID int64, t time.Time) Scope {
	return Scope{userID, keyID, ByMonth, Month(t)}
}

// near reports whether the scope is the present one or a neighbour of it.
func (s Scope) near(now time.Time) bool {
	start := s.Step.Start(now)
	end := start.Add(day)
	if s.Step == ByMonth {
		end = start.AddDate(0, 1, 0)
	}
	return !s.To.Before(start) && !s.From.After(end)
}

// LeaseRequest is a gateway's request for units of a quota.
type LeaseRequest struct {
	Gateway string
	Scope
	// Number is 1 for the first request of this gateway for this scope, then 2, and so on. The same number again
	// gets the same grant, not another one: the first response was lost.
	Number int64
	Want   int64 // units
	// Least is the smallest grant that is of use: less is not granted. 0 is as good as 1.
	Least int64
	// Returned are units that the gateway holds and will not use. They are no longer reserved.
	Returned int64
	Until    time.Time // when the reservation expires; the Service sets it
}

// MonthlyQuota is what decides about a user's monthly quota. The quota of a day or of a key stands in Own, and Other is set.
type MonthlyQuota struct {
	Own  *int64 // the user's own quota goes before the plan's
	Plan *int64 // the plan's
	// Other: the plan is another one than the default plan, whose quota is the service's default.
	Other bool
}

// Account is the state of a scope, in units.
type Account struct {
	Quota    MonthlyQuota
	Used     int64
	Reserved int64 // by all gateways
}

// Lease is what the Store did for a LeaseRequest. A user or a key that is gone gets nothing.
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
	// UseWithin is how long the gateway may use all units that it holds of the scope, from before its request.
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

// Lease reserves units for a gateway. Errors: *fault.InvalidError, ErrStaleLease,
// fault.ErrUnavailable.
func (s *Service) Lease(ctx context.Context, r LeaseRequest) (LeaseState, error) {
	now := s.now()
	if err := CheckGateway(r.Gateway); err != nil {
		return LeaseState{}, err
	}
	switch {
	case r.Returned < 0:
		return LeaseState{}, fault.Invalid("returned", "The member returned must not be below 0.")
	case r.UserID < 1 || r.Number < 1 || r.Want < 1:
		return LeaseState{}, fault.Invalid("want", "The members user_id, request and want have to be positive whole numbers.")
	case r.Least < 0 || r.Least > r.Want:
		return LeaseState{}, fault.Invalid("least", "The member least has to be a whole number from 0 to want.")
	case r.KeyID < 0:
		return LeaseState{}, fault.Invalid("key_id", "The key_id has to be a positive whole number in a string.")
	case !r.near(now) && r.Step == ByDay:
		return LeaseState{}, fault.Invalid("day", "The day has to be the present one or a neighbour of it.")
	case !r.near(now):
		return LeaseState{}, fault.Invalid("month", "The month has to be the present one or a neighbour of it.")
	}
	r.Until = now.Add(reservedFor * s.cfg.LeaseTime)
	lease, err := s.cfg.Store.Lease(ctx, r, now, r.totals, func(a Account) int64 {
		return grant(s.Quota(a.Quota), a.Used, a.Reserved, r.Want, r.Least)
	})
	if err != nil {
		return LeaseState{}, err
	}
	state := LeaseState{
		Granted: lease.Granted, Limit: s.Quota(lease.Quota), Elsewhere: lease.Elsewhere,
		ResetsAt: r.To, UseWithin: s.cfg.LeaseTime,
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

// grant decides how many units to reserve: small parts, which get smaller towards the end of the quota. A part that is
// smaller than least would be of no use to the gateway and to no other one.
func grant(limit *int64, used, reserved, want, least int64) int64 {
	if limit == nil {
		return want
	}
	left := *limit - used - reserved
	if left <= 0 || left < least {
		return 0
	}
	return max(least, min(want, maxGrant, roundUp(*limit, partOfLimit), roundUp(left, partOfLeftover)))
}

func roundUp(n, by int64) int64 { return n/by + min(n%by, 1) }
