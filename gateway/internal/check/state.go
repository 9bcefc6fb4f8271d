package check

import (
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/token"
)

// state is one version of a user's record. It never changes.
type state struct {
	history    uint64 // the epoch of auth-service's database
	version    int64
	exists     bool
	active     bool // exists and is not disabled
	generation int64
	role       string
	roles      *Roles
	// quota is the user's own, NoQuota for none. Without a plan it is the one that applies.
	quota int64
	plan  *heldPlan      // nil: auth-service knows no plans
	keys  map[int64]*Key // by ID
	// ended are ended sessions, each with the time by which all its tokens have expired.
	ended map[string]time.Time
	// prunable is when the first of them is no longer needed.
	prunable time.Time
}

func newState(r *authclient.Record, history uint64, plan *heldPlan) *state {
	s := &state{
		history: history, version: r.Version, exists: r.Exists, active: r.Exists && !r.Disabled, generation: r.Generation, role: r.Role,
		roles: NewRoles(r.Roles, r.Role), plan: plan, quota: orNone(r.OwnQuota), keys: newKeys(r.Keys),
	}
	if plan == nil {
		s.quota = orNone(r.MonthlyQuota)
	}
	if len(r.EndedSessions) > 0 {
		s.ended = make(map[string]time.Time, len(r.EndedSessions))
		for _, e := range r.EndedSessions {
			s.end(e.ID, e.Until)
		}
	}
	return s
}

// end adds an ended session while the state is being made.
func (s *state) end(id string, until time.Time) {
	s.ended[id] = until
	if len(s.ended) == 1 || until.Before(s.prunable) {
		s.prunable = until
	}
}

// pruned is the state without the sessions whose tokens have all expired. The clocks of the services may differ by the
// leeway.
func (s *state) pruned(now time.Time) *state {
	now = now.Add(-token.Leeway)
	if len(s.ended) == 0 || !now.After(s.prunable) {
		return s
	}
	next := *s
	next.ended = make(map[string]time.Time)
	for id, until := range s.ended {
		if !now.After(until) {
			next.end(id, until)
		}
	}
	return &next
}

// decision is the result of comparing a token with its user's state.
type decision int

const (
	valid decision = iota
	revoked
	// ahead: the token was issued after a change that this state does not have yet; or, if it stands for an API key, it may have
	// ended before.
	ahead
)

func (s *state) decide(c *token.Claims, now time.Time) decision {
	if c.KeyID != 0 {
		return s.decideKey(c, now.UnixNano())
	}
	switch {
	case c.Generation > s.generation && s.exists: // disabled too: enabling raises the generation
		return ahead
	case !s.active, c.Generation < s.generation:
		return revoked
	}
	if len(s.ended) > 0 {
		if _, ended := s.ended[c.SessionID]; ended {
			return revoked
		}
	}
	return valid
}

// decideKey is decide for a token that stands for an API key. Keys do not end with the sessions of their user.
func (s *state) decideKey(c *token.Claims, now int64) decision {
	if s.exists && !s.active {
		return revoked
	}
	if key := s.keys[c.KeyID]; key != nil {
		return key.decide(c.ID, now)
	}
	return ahead
}

// identity is whose call it is by a valid token.
func (s *state) identity(e *entry) Identity {
	who := Identity{
		UserID: e.claims.UserID, SessionID: e.claims.SessionID, Role: s.role, Roles: s.roles, MonthlyQuota: s.quota, token: e,
	}
	if s.plan != nil {
		if who.Plan = s.plan.Load(); s.quota == NoQuota {
			who.MonthlyQuota = who.Plan.PerMonth
		}
	}
	if e.claims.KeyID != 0 {
		who.Key = s.keys[e.claims.KeyID]
	}
	return who
}
