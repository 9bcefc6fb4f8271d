package check

import (
	"context"
	"fmt"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/token"
)

const (
	// maxAsking bounds the questions under way, maxWaiting the users whose question has to wait for one to end.
	maxAsking  = 64
	maxWaiting = 10_000
	// askTimeout is how long a new user waits for an answer.
	askTimeout = 2 * time.Second
	// askPause keeps a question that failed from being asked with every call: by the same user, or, while the feed is
	// broken too, by anybody.
	askPause = 500 * time.Millisecond
	// relearnAfter is how old an answer may get before a new token causes another question. The feed tells all that
	// changes of a user; this is for what changes of all of them, such as the default quota.
	relearnAfter = time.Hour
)

// errRevoked is a token that was good once. Clients are told no more than of any other bad one.
var errRevoked = fmt.Errorf("%w: revoked", token.ErrInvalid)

// know returns the user's state, from memory or from auth-service; never one that the token is ahead of. The error is
// ErrLookup.
func (c *Checker) know(ctx context.Context, claims *token.Claims) (*user, *state, error) {
	for range 3 { // again if the question was an older one, and again if the user was forgotten meanwhile
		at, f, joined, known := c.ask(claims)
		if known != nil {
			return at, known, nil
		}
		if f == nil {
			break
		}
		select {
		case <-f.done:
		case <-ctx.Done():
		}
		known = f.known()
		if known == nil {
			continue
		}
		if known.judge(claims) != ahead {
			return at, known, nil
		}
		// A question that was under way before the call may have been answered before the token was issued. One from
		// after it cannot: then auth-service contradicts itself, which does not make the token a bad one.
		if !joined {
			break
		}
	}
	return nil, nil, ErrLookup
}

// known is the answer, if it has come and is good.
func (f *fetch) known() *state {
	select {
	case <-f.done:
		return f.state
	default:
		return nil
	}
}

// ask returns what is known, or else the question under way that will tell, and whether it was under way before. It
// returns neither if it is no use asking.
func (c *Checker) ask(claims *token.Claims) (at *user, f *fetch, joined bool, known *state) {
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	at = c.users.get(claims.UserID, claims.ExpiresAt)
	held, now := at.state.Load(), c.cfg.Now()
	if held != nil && held.judge(claims) != ahead {
		if now.Sub(at.learnedAt) > relearnAfter && at.fetching == nil && c.mayAsk(at, now) {
			c.begin(at)
		}
		return at, nil, false, held
	}
	joined = at.fetching != nil
	if !joined && c.mayAsk(at, now) {
		c.begin(at)
	}
	return at, at.fetching, joined, nil
}

// mayAsk reports whether it is any use asking about the user. c.users.mu is held.
func (c *Checker) mayAsk(at *user, now time.Time) bool {
	return now.Sub(at.failedAt) >= askPause && (!c.stale.Load() || now.Sub(c.users.failedAt) >= askPause) &&
		c.users.fetches < maxAsking+maxWaiting
}

// begin starts a question about the user. c.users.mu is held.
func (c *Checker) begin(at *user) {
	at.fetching = &fetch{done: make(chan struct{})}
	c.users.fetches++
	go c.fetch(at, at.fetching)
}

// fetch asks auth-service. The caller who caused it may be gone by now: others wait, or will come.
func (c *Checker) fetch(at *user, f *fetch) {
	record, err := c.question(at.id)
	c.metrics.looked(err)
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	c.users.fetches--
	at.fetching = nil
	if err != nil {
		at.failedAt = c.cfg.Now()
		if at.failedAt.Sub(c.users.failedAt) > askPause {
			c.cfg.Log.Warn("users cannot be looked up", "user_id", at.id, "error", err)
		}
		c.users.failedAt = at.failedAt
	} else {
		at.learnedAt = c.cfg.Now()
		f.state = c.learned(at, &record)
	}
	close(f.done)
}

// question waits for its turn and asks.
func (c *Checker) question(userID int64) (authclient.Record, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return authclient.Record{}, ctx.Err()
	}
	return c.cfg.Authority.Record(ctx, userID)
}

// learned takes over what was fetched, or what the feed brought meanwhile if that is newer. A user who was forgotten
// meanwhile is not learned: the answer may be older than the feed's new beginning. c.users.mu is held.
func (c *Checker) learned(at *user, r *authclient.Record) *state {
	if c.users.byID[at.id] != at {
		return nil
	}
	c.users.update(at, r)
	return at.state.Load()
}
