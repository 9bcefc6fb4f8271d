package check

import (
	"context"
	"errors"
	"time"

	"tallygate/kit/token"
)

// Valid reports whether a call that passed Check, and is still in flight, would pass it now. It costs about as much as
// Check. It does not wait: of a user who was forgotten, it has the record fetched, and meanwhile nothing is held against the
// call. Errors: token.ErrExpired; token.ErrInvalid if the user or the session has ended, or the key that signed the token
// was withdrawn; ErrRole if the user has lost the role that the call needs; ErrStale.
func (c *Checker) Valid(who Identity, now time.Time) error {
	e := who.token
	switch {
	case e.key == nil && now.UnixNano() >= e.expiresAt:
		return token.ErrExpired
	case c.tooStale(now):
		return ErrStale
	case e.key != nil:
		return c.validKey(e, now)
	}
	if keys := c.cfg.Verifier.KeysVersion(); e.keys.Load() != keys {
		if _, err := c.cfg.Verifier.Verify(e.raw); err != nil {
			return err
		}
		e.keys.Store(keys)
	}
	known := e.user.state.Load() // before auth-service may be asked: this look does not depend on how soon it responds
	if !c.current(e) {
		if err := c.renewed(e); err != nil {
			return err
		}
	}
	if known != nil && e.claims.KeyID != 0 {
		if known.decide(&e.claims, now) != valid { // it was valid once: nothing is ahead
			return errRevoked
		}
		return nil
	}
	if known == nil || known.decide(&e.claims, now) == ahead {
		_, _, _, latest := c.find(verified{raw: e.raw, claims: e.claims, keys: e.keys.Load()})
		known = latest.state
	}
	if known != nil && known.decide(&e.claims, now) == revoked {
		return errRevoked
	}
	if known != nil && len(who.required) > 0 && !known.roles.any(who.required) {
		return ErrRole
	}
	return nil
}

// renewed decides about a token that auth-service was not asked about in the present epoch. Unless another call has asked
// meanwhile, it asks, without waiting for the response.
func (c *Checker) renewed(e *entry) error {
	latest := c.tokens.get(e.raw)
	switch {
	case latest == nil || !c.current(latest):
		go func() { _, _ = c.Check(context.Background(), []string{e.raw}) }() // the next look sees what it has found
	case latest.lost:
		return errRevoked
	}
	return nil
}

// validKey is Valid for a call that came with an API key.
func (c *Checker) validKey(e *entry, now time.Time) error {
	latest := e
	if at := c.tokens.get(e.raw); at != nil {
		latest = at
	}
	known := latest.user.state.Load()
	if known == nil || !c.current(latest) {
		go func() { // the next look sees what it has found
			if _, err := c.swap(context.Background(), now, e.raw, "", latest); errors.Is(err, token.ErrInvalid) {
				e.key.ended.Store(true)
			}
		}()
	}
	if e.key.ended.Load() || known != nil && known.decide(&latest.claims, now) != valid { // it was valid once: nothing is ahead
		return errRevoked
	}
	return nil
}
