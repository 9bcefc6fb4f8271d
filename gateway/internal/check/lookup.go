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
)

// errRevoked is a token that was valid once. To clients it looks like any other invalid token.
var errRevoked = fmt.Errorf("%w: revoked", token.ErrInvalid)

// found is what a lookup has found.
type found struct {
	user  *user
	state *state
	entry *entry // what is remembered of the token; nil: auth-service was not asked about it
}

// lookup returns the user's state, and tells auth-service of the token. If auth-service cannot be reached, the state is the
// last known one, and auth-service has to be told later. The token is never ahead of the state. The error is ErrLookup.
func (c *Checker) lookup(ctx context.Context, t verified) (found, error) {
	claims := &t.claims
	for range 3 { // once more if the fetch began before this call, and once more if the user was forgotten meanwhile
		at, f, joined, known := c.find(t)
		if known.state != nil {
			return known, nil
		}
		if f == nil {
			break
		}
		select {
		case <-f.done:
		case <-ctx.Done():
		}
		state := f.result()
		if state == nil {
			continue
		}
		if state.decide(claims, c.cfg.Now()) != ahead || f.token.lost {
			return found{user: at, state: state, entry: f.token}, nil
		}
		// A fetch that began before this call may bring a record that is older than the token. A fetch that began later
		// cannot. If it does, auth-service contradicts itself, and the token is not invalid for that.
		if !joined {
			break
		}
	}
	return found{}, ErrLookup
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

// find returns the fetch for the token, and whether it was under way before. It returns what is known instead if that
// refuses the token, or if auth-service does not respond, and neither if no fetch may begin.
func (c *Checker) find(t verified) (at *user, f *fetch, joined bool, known found) {
	claims := &t.claims
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	at = c.users.get(claims.UserID, claims.ExpiresAt)
	known.user = at
	result := ahead
	if held := at.state.Load(); held != nil {
		if result = held.decide(claims, c.cfg.Now()); result != ahead {
			known.state = held
		}
	}
	if result == revoked && known.state.history == c.history.Load() || result != ahead && c.stale.Load() {
		return at, nil, false, known
	}
	if e := c.tokens.get(t.raw); result == valid && e != nil && e.user == at && e.asked == c.history.Load() {
		known.entry = e // a fetch has ended a moment ago
		return at, nil, false, known
	}
	key := fetchKey(claims)
	if f, joined = at.fetching[key]; joined {
		return at, f, true, found{}
	}
	if c.mayFetch(at, c.cfg.Now()) {
		return at, c.startFetch(at, t), false, found{}
	}
	return at, nil, false, known
}

// fetchKey is the same for all calls with a token.
func fetchKey(claims *token.Claims) string { return claims.SessionID + "." + claims.ID }

// mayFetch reports whether a fetch of the user may begin now. c.users.mu is held.
func (c *Checker) mayFetch(at *user, now time.Time) bool {
	return now.Sub(at.failedAt) >= fetchPause && (!c.stale.Load() || now.Sub(c.users.failedAt) >= fetchPause) &&
		c.users.fetches < maxInFlight+maxWaiting
}

// startFetch begins to fetch the user's record for a token. c.users.mu is held.
func (c *Checker) startFetch(at *user, t verified) *fetch {
	claims := &t.claims
	f := &fetch{
		done: make(chan struct{}), key: fetchKey(claims), history: c.history.Load(), token: t.entry(at),
		question: authclient.Question{UserID: at.id, SessionID: claims.SessionID, TokenID: claims.ID, OfKey: claims.KeyID != 0},
	}
	if at.fetching == nil {
		at.fetching = map[string]*fetch{}
	}
	at.fetching[f.key] = f
	c.users.fetches++
	go c.fetch(at, f)
	return f
}

// fetch does not end with the call that caused it: other calls wait for it, or will need the result.
func (c *Checker) fetch(at *user, f *fetch) {
	record, err := c.record(f.question)
	c.metrics.lookup(err)
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	c.users.fetches--
	delete(at.fetching, f.key)
	if err != nil {
		at.failedAt = c.cfg.Now()
		if at.failedAt.Sub(c.users.failedAt) > fetchPause {
			c.cfg.Log.Warn("users cannot be looked up", "user_id", at.id, "error", err)
		}
		c.users.failedAt = at.failedAt
	} else {
		f.state = c.fetched(at, f, &record)
		f.token.asked, f.token.lost = f.history, c.lost(f, &record)
		c.keep(f)
	}
	close(f.done)
}

// lost reports whether what the token of a fetch stands for has ended: its session is unknown, or its API key is not among the
// user's.
func (c *Checker) lost(f *fetch, r *authclient.Record) bool {
	if claims := &f.token.claims; claims.KeyID != 0 {
		return f.state != nil && f.state.decide(claims, c.cfg.Now()) == ahead
	}
	return r.SessionKnown != nil && !*r.SessionKnown
}

// keep remembers the token of a fetch that has ended, before another call can begin to fetch for it again. c.users.mu is held.
func (c *Checker) keep(f *fetch) {
	if f.state != nil && (f.token.lost || f.state.decide(&f.token.claims, c.cfg.Now()) == valid) {
		c.tokens.put(f.token, c.cfg.Now().UnixNano())
	}
}

// record waits for its turn and requests the user's record.
func (c *Checker) record(q authclient.Question) (authclient.Record, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	select {
	case c.inFlight <- struct{}{}:
		defer func() { <-c.inFlight }()
	case <-ctx.Done():
		return authclient.Record{}, ctx.Err()
	}
	return c.cfg.AuthService.Record(ctx, q)
}

// fetched takes over what was fetched, or what the feed brought meanwhile if that is newer. It takes over nothing about a
// user who was forgotten meanwhile: the response may be older than the feed's new beginning. c.users.mu is held.
func (c *Checker) fetched(at *user, f *fetch, r *authclient.Record) *state {
	if c.users.byID[at.id] != at {
		return nil
	}
	c.users.update(at, r, f.history)
	return at.state.Load()
}
