package check

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/apikey"
	"tallygate/kit/httpd"
	"tallygate/kit/token"
)

const (
	// keyMemory is how long a key is remembered after auth-service was last asked about it. While auth-service is away, it
	// works for so long.
	keyMemory = 24 * time.Hour
	// renewPause is the least time between two requests for another token of a key.
	renewPause = 2 * time.Second
	// maxAsking bounds the questions about keys that are sent at once. Those about users have places of their own.
	maxAsking = 16
)

// swapped is what the entry of a key has beside that of a token: a token that stands for the key.
type swapped struct {
	bearer  string       // the Authorization field for upstreams
	until   int64        // when it expires, in Unix nanoseconds as the others
	renewAt int64        // when another one is requested: in the last quarter of its life
	triedAt atomic.Int64 // when another one was requested
	ended   atomic.Bool  // the key was unknown when it was asked about again
}

// Key decides by an API key, as Check does by a token. bearer is the Authorization field that stands for the key, for upstreams
// that take tokens; it is empty if it has expired because auth-service did not respond in time. client is the address whose
// share of the questions about unknown keys this takes. Errors: those of Check.
func (c *Checker) Key(ctx context.Context, raw, client string) (who Identity, bearer string, err error) {
	now := c.cfg.Now()
	e := c.tokens.get(raw)
	if e != nil && e.key != nil {
		// A user without a state was forgotten.
		if known := e.user.state.Load(); known != nil && !c.tooStale(now) && c.current(e) {
			if known.decide(&e.claims, now) != valid { // it was valid once: nothing is ahead
				return Identity{}, "", c.metrics.refuse(errRevoked)
			}
			if known.generation == e.claims.Generation && c.fresh(e, now.UnixNano()) || c.stale.Load() {
				if !e.used.Load() {
					e.used.Store(true)
				}
				return known.identity(e), e.key.bearerAt(now), nil
			}
		}
	}
	if who, err = c.swap(ctx, now, raw, client, e); err != nil {
		return Identity{}, "", c.metrics.refuse(err)
	}
	return who, who.token.key.bearerAt(now), nil
}

func (k *swapped) bearerAt(now time.Time) string {
	if now.UnixNano() >= k.until {
		return ""
	}
	return k.bearer
}

// fresh reports whether the token of a key is good for upstreams, and has another one requested in time before it no longer
// is. While auth-service does not respond, a key is good without a token.
func (c *Checker) fresh(e *entry, now int64) bool {
	due := now >= e.key.renewAt || e.keys.Load() != c.cfg.Verifier.KeysVersion() // the token's key may have been withdrawn
	if tried := e.key.triedAt.Load(); due && now-tried >= int64(renewPause) && e.key.triedAt.CompareAndSwap(tried, now) {
		go func() { _, _ = c.swap(context.Background(), c.cfg.Now(), e.raw, "", e) }() // one that fails is repeated after the pause
	}
	return now < e.key.until
}

// swap asks auth-service whose key it is, and remembers the answer with the token that came with it. seen is what was remembered
// until now, if anything.
func (c *Checker) swap(ctx context.Context, now time.Time, raw, client string, seen *entry) (Identity, error) {
	switch {
	case !apikey.Valid(raw):
		return Identity{}, token.ErrInvalid
	case c.respondedAt.Load() == 0:
		return Identity{}, ErrNotReady
	case c.tooStale(now):
		return Identity{}, ErrStale
	}
	raw = strings.Clone(raw) // it may be a view of a buffer that changes later
	if address, err := netip.ParseAddr(client); err == nil {
		client = httpd.Block(address).String()
	}
	one, err := c.asked.join(ctx, apikey.Hash(raw), client, c.cfg.Now, func(one *question) { c.ask(one, raw, seen) })
	if err != nil {
		return Identity{}, err
	}
	select {
	case <-one.done:
		return one.who, one.err
	case <-ctx.Done():
		return Identity{}, ErrLookup
	}
}

// ask sends a question, and ends it.
func (c *Checker) ask(one *question, raw string, seen *entry) {
	if who, answered := c.answered(raw, seen); answered {
		one.who = who
		c.asked.end(one, false, c.cfg.Now())
		return
	}
	var err error
	for range 3 { // again if the feed began anew meanwhile
		heard := c.users.listen()
		a := c.answer(one.digest)
		if err = a.err; err == nil {
			one.who, err = c.learn(raw, a, heard)
		}
		c.users.ignore(heard)
		if !errors.Is(err, errMissed) {
			break
		}
	}
	unknown := errors.Is(err, authclient.ErrNoKey)
	if !unknown {
		c.metrics.lookup(err)
	}
	switch {
	case err == nil:
	case unknown:
		one.err = token.ErrInvalid
	case errors.Is(err, token.ErrInvalid):
		one.err = err
	default:
		c.cfg.Log.Warn("an API key cannot be looked up", "error", err)
		one.err = ErrLookup
	}
	c.asked.end(one, unknown, c.cfg.Now())
}

// answered returns what was learned of a key since a call saw another entry for it, or none: the question of another call may
// have ended between that look and this call's own question.
func (c *Checker) answered(raw string, seen *entry) (Identity, bool) {
	e := c.tokens.get(raw)
	if e == nil || e == seen || e.key == nil || !c.current(e) {
		return Identity{}, false
	}
	known := e.user.state.Load()
	if known == nil || known.generation != e.claims.Generation || known.decide(&e.claims, c.cfg.Now()) != valid {
		return Identity{}, false
	}
	return known.identity(e), true
}

// answer is what auth-service has answered, and the token in it.
type answer struct {
	authclient.KeyAnswer

	claims  token.Claims
	keys    uint64 // the version of the keys that verified the token
	history uint64 // in which it was asked
	err     error
}

// answer waits for its turn and asks.
func (c *Checker) answer(digest apikey.Digest) (a answer) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		a.err = ctx.Err()
		return a
	}
	a.history, a.keys = c.history.Load(), c.cfg.Verifier.KeysVersion()
	if a.KeyAnswer, a.err = c.cfg.AuthService.Key(ctx, digest); a.err == nil && a.Token == "" {
		a.err = authclient.ErrNoKey // not at the moment; the feed will say when that changes
	}
	if a.err != nil {
		return a
	}
	claims, err := c.cfg.Verifier.Verify(a.Token)
	switch {
	case err != nil:
		a.err = fmt.Errorf("auth-service's token is refused: %v", err) //nolint:errorlint // it does not say that the key is
	case claims.UserID != a.User.UserID || claims.KeyID != a.KeyID || claims.KeyID == 0:
		a.err = errors.New("auth-service's token stands for another key")
	}
	a.claims = claims
	return a
}

// errMissed: changes of the key's user may have been missed.
var errMissed = errors.New("the feed of changes began anew")

// learn takes over an answer, or what the feed has brought meanwhile if that is newer. Errors: errRevoked, errMissed.
func (c *Checker) learn(raw string, a answer, heard *heard) (Identity, error) {
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	if heard.void {
		return Identity{}, errMissed
	}
	now := c.cfg.Now()
	at := c.users.get(a.claims.UserID, now.Add(keyMemory))
	c.users.update(at, &a.User, a.history)
	if r := heard.records[a.claims.UserID]; r != nil {
		c.users.update(at, r, c.history.Load())
	}
	known := at.state.Load()
	if known.decide(&a.claims, now) != valid {
		return Identity{}, errRevoked
	}
	e := &entry{raw: raw, claims: a.claims, expiresAt: now.Add(keyMemory).UnixNano(), user: at, asked: a.history}
	e.keys.Store(a.keys)
	until := a.claims.ExpiresAt.UnixNano()
	e.key = &swapped{bearer: "Bearer " + a.Token, until: until, renewAt: until - (until-now.UnixNano())/4}
	c.tokens.put(e, now.UnixNano())
	return known.identity(e), nil
}
