package check

import (
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/token"
)

// state is what auth-service says of a user, as of one version. It never changes.
type state struct {
	version    int64
	exists     bool
	active     bool // exists and is not disabled
	generation int64
	role       string
	quota      int64
	// ended are sessions that are over, each with the time from which on none of its tokens can live.
	ended map[string]time.Time
	// prunable is when the first of them is not needed any more.
	prunable time.Time
}

func newState(r *authclient.Record) *state {
	s := &state{
		version: r.Version, exists: r.Exists, active: r.Exists && !r.Disabled, generation: r.Generation, role: r.Role,
		quota: NoQuota,
	}
	if r.MonthlyQuota != nil {
		s.quota = *r.MonthlyQuota
	}
	if len(r.EndedSessions) > 0 {
		s.ended = make(map[string]time.Time, len(r.EndedSessions))
		for _, e := range r.EndedSessions {
			s.end(e.ID, e.Until)
		}
	}
	return s
}

// end adds an ended session, while the state is made.
func (s *state) end(id string, until time.Time) {
	s.ended[id] = until
	if len(s.ended) == 1 || until.Before(s.prunable) {
		s.prunable = until
	}
}

// pruned is the state without the sessions whose tokens have died of age. The clocks that issued and ended them may
// differ by the leeway.
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

// verdict is what a state says of a token.
type verdict int

const (
	good verdict = iota
	revoked
	// ahead: the token was issued after a change that this state does not know yet.
	ahead
)

func (s *state) judge(c *token.Claims) verdict {
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
	return good
}

func (s *state) identity(c *token.Claims) Identity {
	return Identity{UserID: c.UserID, SessionID: c.SessionID, Role: s.role, MonthlyQuota: s.quota}
}
