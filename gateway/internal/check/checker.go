package check

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/apikey"
	"tallygate/kit/ticket"
	"tallygate/kit/token"
)

// AuthService has the users' records.
type AuthService interface {
	// Record fetches a user's record because of a token. A user who does not exist is a result, not an error.
	Record(ctx context.Context, q authclient.Question) (authclient.Record, error)
	// Start fetches the feed's current end.
	Start(ctx context.Context) (authclient.Page, error)
	// Key asks whose key has this digest. The error is authclient.ErrNoKey if nobody has.
	Key(ctx context.Context, digest apikey.Digest) (authclient.KeyAnswer, error)
	// Changes waits for changes after the cursor. The error is authclient.ErrCursorGone if the cursor is too old.
	Changes(ctx context.Context, cursor string, wait time.Duration) (authclient.Page, error)
}

// Config is what a Checker needs. Verifier, AuthService and Log are required.
type Config struct {
	Verifier    *token.Verifier
	AuthService AuthService
	Log         *slog.Logger
	// Tickets opens tickets. nil: none is good.
	Tickets *ticket.Keys
	// MaxStaleness is how long the feed may be silent before all calls are refused. 0: for ever.
	MaxStaleness time.Duration
	// MaxTokens and MaxUsers bound what is remembered. 0 is 250,000 tokens (about 200 MB) and 1,000,000 users (about 200 MB).
	MaxTokens, MaxUsers int
	Now                 func() time.Time // time.Now if nil; the same as the Verifier's
}

const (
	defaultMaxTokens = 250_000
	defaultMaxUsers  = 1_000_000
)

// Checker finds out whose call it is. Safe for concurrent use.
type Checker struct {
	cfg     Config
	tokens  *tokens
	users   *users
	used    usedTickets
	asked   *questions // about API keys
	metrics *metrics

	inFlight chan struct{} // holds an element for each fetch under way
	asking   chan struct{} // the same for questions about API keys

	respondedAt atomic.Int64 // when the feed last responded, Unix nanoseconds; 0: never
	stale       atomic.Bool  // the feed is overdue

	// history counts the epochs of auth-service's database. What was learned in an earlier one has to be asked again: the
	// database may have been restored from a back-up since.
	history atomic.Uint64
	epoch   string // the feed's
}

// New returns a Checker. It lets nobody pass until Run has reached auth-service.
func New(cfg Config) *Checker {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxTokens == 0 {
		cfg.MaxTokens = defaultMaxTokens
	}
	if cfg.MaxUsers == 0 {
		cfg.MaxUsers = defaultMaxUsers
	}
	c := &Checker{
		cfg: cfg, tokens: newTokens(cfg.MaxTokens), users: newUsers(cfg.MaxUsers), asked: newQuestions(),
		inFlight: make(chan struct{}, maxInFlight), asking: make(chan struct{}, maxAsking),
	}
	c.history.Store(1)
	c.metrics = newMetrics(c)
	return c
}

// Check decides by the values of a request's Authorization fields. They may be views of a buffer that changes later.
// Errors: token.ErrMissing, token.ErrInvalid (revoked ones too) and token.ErrExpired; ErrNotReady, ErrStale, ErrLookup.
func (c *Checker) Check(ctx context.Context, authorization []string) (Identity, error) {
	now := c.cfg.Now()
	if len(authorization) == 1 {
		if e := c.tokens.get(token.WithoutScheme(authorization[0])); e != nil && e.keys.Load() == c.cfg.Verifier.KeysVersion() {
			if now.UnixNano() >= e.expiresAt {
				return Identity{}, c.metrics.refuse(token.ErrExpired)
			}
			// A user without a state was forgotten.
			if known := e.user.state.Load(); known != nil && !c.tooStale(now) && c.current(e) {
				if e.lost {
					return Identity{}, c.metrics.refuse(errRevoked)
				}
				switch known.decide(&e.claims, now) {
				case valid:
					if !e.used.Load() {
						e.used.Store(true)
					}
					return known.identity(e), nil
				case revoked:
					return Identity{}, c.metrics.refuse(errRevoked)
				case ahead:
					if e.claims.KeyID != 0 { // the key was there once
						return Identity{}, c.metrics.refuse(errRevoked)
					}
				}
			}
		}
	}
	who, err := c.verify(ctx, now, authorization)
	return who, c.metrics.refuse(err)
}

// verify is Check for a token that is not remembered.
func (c *Checker) verify(ctx context.Context, now time.Time, authorization []string) (Identity, error) {
	raw, err := token.FromAuthorization(authorization)
	if err != nil {
		return Identity{}, err
	}
	keys := c.cfg.Verifier.KeysVersion()
	claims, err := c.cfg.Verifier.Verify(raw)
	if err != nil {
		return Identity{}, err
	}
	if !claims.HasGeneration || claims.SessionID == "" {
		return Identity{}, token.ErrInvalid
	}
	if c.respondedAt.Load() == 0 {
		return Identity{}, ErrNotReady
	}
	if c.tooStale(now) {
		return Identity{}, ErrStale
	}
	t := verified{raw: raw, claims: claims, keys: keys}
	known, err := c.lookup(ctx, t)
	if err != nil {
		return Identity{}, err
	}
	if known.state.decide(&claims, now) != valid {
		return Identity{}, errRevoked
	}
	e := known.entry
	if e == nil {
		e = t.entry(known.user)
		c.remember(known.user, e, now)
	}
	e.keys.Store(keys) // it may have been remembered under older ones
	if e.lost {
		return Identity{}, errRevoked
	}
	return known.state.identity(e), nil
}

// verified is a token that the verifier has accepted.
type verified struct {
	raw    string // may be a view of a buffer that changes later
	claims token.Claims
	keys   uint64 // the version of the keys
}

// entry is what is remembered of the token.
func (t *verified) entry(at *user) *entry {
	e := &entry{raw: strings.Clone(t.raw), claims: t.claims, expiresAt: t.claims.ExpiresAt.UnixNano(), user: at}
	e.keys.Store(t.keys)
	return e
}

// current reports whether auth-service has been asked about the token in the present epoch. While it does not respond, what
// it said before holds.
func (c *Checker) current(e *entry) bool { return e.asked == c.history.Load() || c.stale.Load() }

// remember keeps a verification, unless its user was forgotten meanwhile: the feed's changes would not reach it.
func (c *Checker) remember(at *user, e *entry, now time.Time) {
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	if c.users.byID[at.id] == at {
		c.tokens.put(e, now.UnixNano())
	}
}
