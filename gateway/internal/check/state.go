package check

import (
	"tallygate/gateway/internal/authority"
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
	ended      map[string]struct{}
}

func newState(r *authority.Record) *state {
	s := &state{
		version: r.Version, exists: r.Exists, active: r.Exists && !r.Disabled, generation: r.Generation, role: r.Role,
		quota: NoQuota,
	}
	if r.MonthlyQuota != nil {
		s.quota = *r.MonthlyQuota
	}
	if len(r.EndedSessions) > 0 {
		s.ended = make(map[string]struct{}, len(r.EndedSessions))
		for _, e := range r.EndedSessions {
			s.ended[e.ID] = struct{}{}
		}
	}
	return s
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
