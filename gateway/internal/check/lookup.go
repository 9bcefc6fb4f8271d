package check

import (
	"context"
	"fmt"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/token"
)

const (
	// maxInFlight bounds the fetches that are sent at once, maxWaiting those that wait to be sent.
	maxInFlight = 64
	maxWaiting  = 10_000
	// fetchTimeout is how long a call of a new user waits.
	fetchTimeout = 2 * time.Second
	// fetchPause is how long no fetch follows one that has failed: none of the same user, and none of any user while the
	// feed does not respond either.
	fetchPause = 500 * time.Millisecond
	// refetchAfter is how old a record may get before a new token causes another fetch. The feed has all changes of single
	// users. This is for changes of all users, such as the default quota.
	refetchAfter = time.Hour
)

// errRevoked is a token that was valid once. To clients it looks like any other invalid token.
var errRevoked = fmt.Errorf("%w: revoked", token.ErrInvalid)

// lookup returns the user's state, from memory or from auth-service. It never returns one that the token is ahead of. The
// error is ErrLookup.
func (c *Checker) lookup(ctx context.Context, claims *token.Claims) (*user, *state, error) {
	for range 3 { // once more if the fetch began before this call, and once more if the user was forgotten meanwhile
		at, f, joined, known := c.find(claims)
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
		known = f.result()
		if known == nil {
			continue
		}
		if known.decide(claims) != ahead {
			return at, known, nil
		}
		// A fetch that began before this call may bring a record that is older than the token. A fetch that began later
		// cannot. If it does, auth-service contradicts itself, and the token is not invalid for that.
		if !joined {
			break
		}
	}
	return nil, nil, ErrLookup
}

// result is what was fetched, or nil if the fetch is under way or has failed.
func (f *fetch) result() *state {
	select {
	case <-f.done:
		return f.state
	default:
		return nil
	}
}

// find returns what is known, or else the fetch under way, and whether it was under way before. It returns neither if no
// fetch may begin.
func (c *Checker) find(claims *token.Claims) (at *user, f *fetch, joined bool, known *state) {
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	at = c.users.get(claims.UserID, claims.ExpiresAt)
	held, now := at.state.Load(), c.cfg.Now()
	if held != nil && held.decide(claims) != ahead {
		if now.Sub(at.fetchedAt) > refetchAfter && at.fetching == nil && c.mayFetch(at, now) {
			c.startFetch(at)
		}
		return at, nil, false, held
	}
	joined = at.fetching != nil
	if !joined && c.mayFetch(at, now) {
		c.startFetch(at)
	}
	return at, at.fetching, joined, nil
}

// mayFetch reports whether a fetch of the user may begin now. c.users.mu is held.
func (c *Checker) mayFetch(at *user, now time.Time) bool {
	return now.Sub(at.failedAt) >= fetchPause && (!c.stale.Load() || now.Sub(c.users.failedAt) >= fetchPause) &&
		c.users.fetches < maxInFlight+maxWaiting
}

// startFetch begins to fetch the user's record. c.users.mu is held.
func (c *Checker) startFetch(at *user) {
	at.fetching = &fetch{done: make(chan struct{})}
	c.users.fetches++
	go c.fetch(at, at.fetching)
}

// fetch does not end with the call that caused it: other calls wait for it, or will need the result.
func (c *Checker) fetch(at *user, f *fetch) {
	record, err := c.record(at.id)
	c.metrics.lookup(err)
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	c.users.fetches--
	at.fetching = nil
	if err != nil {
		at.failedAt = c.cfg.Now()
		if at.failedAt.Sub(c.users.failedAt) > fetchPause {
			c.cfg.Log.Warn("users cannot be looked up", "user_id", at.id, "error", err)
		}
		c.users.failedAt = at.failedAt
	} else {
		at.fetchedAt = c.cfg.Now()
		f.state = c.fetched(at, &record)
	}
	close(f.done)
}

// record waits for its turn and requests the user's record.
func (c *Checker) record(userID int64) (authclient.Record, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	select {
	case c.inFlight <- struct{}{}:
		defer func() { <-c.inFlight }()
	case <-ctx.Done():
		return authclient.Record{}, ctx.Err()
	}
	return c.cfg.AuthService.Record(ctx, userID)
}

// fetched takes over what was fetched, or what the feed brought meanwhile if that is newer. It takes over nothing about a
// user who was forgotten meanwhile: the response may be older than the feed's new beginning. c.users.mu is held.
func (c *Checker) fetched(at *user, r *authclient.Record) *state {
	if c.users.byID[at.id] != at {
		return nil
	}
	c.users.update(at, r)
	return at.state.Load()
}
