package edge

import (
	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/limit"
)

// planLimits are the keys of the limits of plans; those of routes are below it.
const planLimits = 1 << 16

// planPrefix begins the names of the limits of plans.
const planPrefix = "plan "

// occupied is a call that counts towards what its user may have in flight.
type occupied struct {
	inFlight *limit.InFlight // nil: it does not
	userID   int64
}

// leave ends the call's count, once.
func (o *occupied) leave() {
	if o.inFlight != nil {
		o.inFlight.Leave(o.userID)
		o.inFlight = nil
	}
}

// limit refuses a call of a user who has too many in flight, calls too often, or has used up the quota.
func (s *Server) limit(k *call) error {
	if plan := k.who.Plan; plan != nil && plan.InFlight != check.NoQuota {
		if err := s.inFlight.Enter(k.who.UserID, plan.InFlight); err != nil {
			return err
		}
		k.conn.occupied = occupied{&s.inFlight, k.who.UserID}
	}
	if limits := k.rates(); len(limits) > 0 {
		if err := s.cfg.Rates.Allow(s.base, k.begun, k.who.UserID, &k.standings, limits...); err != nil {
			return err
		}
	}
	if k.free() {
		return nil
	}
	k.claim = k.claims()
	return s.cfg.Quotas.Admit(s.base, &k.claim, &k.standings)
}

// claims is what the call takes of its quotas.
func (k *call) claims() limit.Claim {
	c := limit.Claim{
		At: k.begun, UserID: k.who.UserID, PerMonth: k.who.MonthlyQuota, PerDay: check.NoQuota, KeyPerMonth: check.NoQuota,
		Cost: int64(k.fixedCost()), Likely: k.route.likely.Load(),
	}
	if k.who.Plan != nil {
		c.PerDay = k.who.Plan.PerDay
	}
	if k.who.Key != nil {
		c.KeyID, c.KeyPerMonth = k.who.KeyID(), k.who.Key.MonthlyQuota
	}
	return c
}

// rates are the rates that apply to the call: the route's, and that of the user's plan.
func (k *call) rates() []limit.Limit {
	limits := k.limits[:0]
	at := k.route
	if at.rate.Requests > 0 {
		limits = append(limits, limit.Limit{Key: uint32(at.meterID), Name: at.Name, Rate: at.rate})
	}
	if plan := k.who.Plan; plan != nil && len(plan.Rates) > 0 {
		if r := plan.RateOf(at.Name); r != nil {
			limits = append(limits, limit.Limit{
				Key: planLimits | uint32(at.meterID), Name: at.planLimit, Rate: limit.Rate{Requests: r.Calls, Per: r.Per, Burst: r.Burst},
			})
		}
	}
	return limits
}
