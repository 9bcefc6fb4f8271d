package account

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Refresh exchanges a refresh token for a new pair. A spent token ends its session: two have presented it, and one of
// them is not the user. There is one exception. Within Lifetimes.RefreshGrace, and as long as nobody has used it, the parent
// of the live token gets the same child again, because its owner may have lost the response. Within the raceWindow only a
// refresh is a use, because the owner may have sent two requests at once. Only tokens that were issued end a session. Errors: ErrRefused, ErrReused (the Grant then names the user), fault.ErrCrowded, fault.ErrUnavailable.
//
// The session is first read without a lock. Only a token that changes it gets to the lock: many that are forged, replayed or
// dead must not keep anybody else waiting.
func (s *Service) Refresh(ctx context.Context, text string) (Grant, error) {
	token, err := parseRefreshToken(text)
	if err != nil {
		return Grant{}, err
	}
	r := refreshing{service: s, token: token, issued: s.cfg.RefreshKeys.made(token)}
	at := s.now()
	user, session, err := s.cfg.Store.UserOfSession(ctx, token.session, r.issued)
	if err == nil && r.decide(user, session, at) != session {
		err = s.cfg.Store.UpdateSession(ctx, SessionChange{
			UserID: user.ID, SessionID: session.ID, EndedList: s.endedList(),
			Update: func(user User, session Session) Session { return r.decide(user, session, s.now()) },
		})
	}
	switch {
	case errors.Is(err, ErrNoSession):
		return Grant{}, ErrRefused
	case err != nil:
		return Grant{}, fmt.Errorf("refresh: %w", err)
	case r.refused != nil:
		return Grant{User: r.grant.User}, r.refused
	}
	return r.grant, nil
}

// refreshing is a refresh under way.
type refreshing struct {
	service *Service
	token   RefreshToken
	issued  bool // the token's seal is right

	// What was decided last.
	grant   Grant
	refused error
}

// decide returns the session as the token leaves it. Nothing of an earlier decision is left.
func (r *refreshing) decide(user User, session Session, now time.Time) Session {
	keys := r.service.cfg.RefreshKeys
	r.grant, r.refused = Grant{User: user, SessionID: session.ID, At: now}, nil
	if user.Disabled {
		r.refused = ErrRefused
		return session
	}
	var ok bool
	switch session.classify(r.token.hash(), r.issued, now, r.service.cfg.Lifetimes) {
	case presentedLive:
		r.grant.Refresh = keys.child(r.token)
		session.rotate(r.grant.Refresh.hash(), now)
	case presentedReplay:
		if r.grant.Refresh, ok = keys.childKnownAs(r.token, session.Live); !ok {
			r.refused = fmt.Errorf("%w: the key that derived its child is gone", ErrRefused)
		}
	case presentedReuse:
		session.EndedAt = now
		r.refused = ErrReused
	default:
		r.refused = ErrRefused
	}
	return session
}
