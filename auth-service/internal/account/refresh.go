package account

import (
	"context"
	"errors"
	"fmt"
)

// Refresh exchanges a refresh token for a new pair. A spent token ends its session: two have presented it, and one of
// them is not the user. There is one exception. Within Lifetimes.Replay the parent of the live token gets the same child
// again, because its owner may have lost the response or sent two requests at once. Only tokens that were issued end a
// session. Errors: ErrRefused, ErrReused (the Grant then names the user), fault.ErrUnavailable.
func (s *Service) Refresh(ctx context.Context, text string) (Grant, error) {
	token, err := parseRefreshToken(text)
	if err != nil {
		return Grant{}, err
	}
	var grant Grant
	var refused error
	err = s.cfg.Store.UpdateSession(ctx, token.session, s.endedList(), func(user User, session Session) Session {
		// A transaction may be tried again: nothing of an earlier try may be left.
		grant, refused = Grant{User: user, SessionID: session.ID, At: s.now()}, nil
		if user.Disabled {
			refused = ErrRefused
			return session
		}
		var ok bool
		switch session.classify(token.hash(), s.cfg.RefreshKeys.made(token), grant.At, s.cfg.Lifetimes) {
		case presentedLive:
			grant.Refresh = s.cfg.RefreshKeys.child(token)
			session.rotate(grant.Refresh.hash(), grant.At)
		case presentedReplay:
			if grant.Refresh, ok = s.cfg.RefreshKeys.childKnownAs(token, session.Live); !ok {
				refused = fmt.Errorf("%w: the key that derived its child is gone", ErrRefused)
			}
		case presentedReuse:
			session.EndedAt = grant.At
			refused = ErrReused
		default:
			refused = ErrRefused
		}
		return session
	})
	switch {
	case errors.Is(err, ErrNoSession):
		return Grant{}, ErrRefused
	case err != nil:
		return Grant{}, fmt.Errorf("refresh: %w", err)
	case refused != nil:
		return Grant{User: grant.User}, refused
	}
	return grant, nil
}
