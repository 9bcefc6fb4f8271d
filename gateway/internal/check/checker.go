package check

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/token"
)

// Authority is who knows the users: auth-service's private listener.
type Authority interface {
	// Record is a user's state now. That there is no such user is an answer.
	Record(ctx context.Context, userID int64) (authclient.Record, error)
	// Cursor is the feed's end now.
	Cursor(ctx context.Context) (string, error)
	// Changes waits for changes after the cursor; authclient.ErrCursorGone if it is too old.
	Changes(ctx context.Context, cursor string, wait time.Duration) (authclient.Page, error)
}

// Config is what a Checker needs. Verifier, Authority and Log are required.
type Config struct {
	Verifier  *token.Verifier
	Authority Authority
	Log       *slog.Logger
	// MaxStaleness refuses everybody with a 503 when the feed has been silent for so long. 0: never.
	MaxStaleness time.Duration
	// MaxTokens and MaxUsers bound what is remembered; 0 is 250,000 tokens (about 200 MB) and 1,000,000 users (about
	// 200 MB).
	MaxTokens, MaxUsers int
	Now                 func() time.Time // time.Now if nil; the same as the Verifier's
}

const (
	defaultMaxTokens = 250_000
	defaultMaxUsers  = 1_000_000
)

// Checker tells whose call it is. Safe for concurrent use.
type Checker struct {
	cfg     Config
	tokens  *tokens
	users   *users
	metrics *metrics

	asking chan struct{} // a place for each question that may be under way

	heard atomic.Int64 // when the feed answered last, Unix nanoseconds; 0: never
	stale atomic.Bool  // the feed is overdue
}

// New returns a Checker, which lets nobody pass until Run has reached auth-service.
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
		cfg: cfg, tokens: newTokens(cfg.MaxTokens), users: newUsers(cfg.MaxUsers), asking: make(chan struct{}, maxAsking),
	}
	c.metrics = newMetrics(c)
	return c
}

// Check decides by the values of a request's Authorization fields. They may be views of a buffer that changes afterwards.
// Errors: token.ErrMissing, token.ErrInvalid (revoked ones too) and token.ErrExpired; ErrNotReady, ErrStale, ErrLookup.
func (c *Checker) Check(ctx context.Context, authorization []string) (Identity, error) {
	now := c.cfg.Now()
	if len(authorization) == 1 {
		if e := c.tokens.get(authorization[0]); e != nil && e.keys == c.cfg.Verifier.KeysVersion() {
			if now.UnixNano() >= e.expiresAt {
				return Identity{}, c.metrics.refuse(token.ErrExpired)
			}
			// Without a state the user was forgotten.
			if known := e.user.state.Load(); known != nil && !c.tooStale(now) {
				switch known.judge(&e.claims) {
				case good:
					if !e.used.Load() {
						e.used.Store(true)
					}
					return known.identity(&e.claims), nil
				case revoked:
					return Identity{}, c.metrics.refuse(errRevoked)
				case ahead:
				}
			}
		}
	}
	who, err := c.verify(ctx, now, authorization)
	return who, c.metrics.refuse(err)
}

// verify is Check for a token that was not seen lately.
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
	if c.heard.Load() == 0 {
		return Identity{}, ErrNotReady
	}
	if c.tooStale(now) {
		return Identity{}, ErrStale
	}
	at, known, err := c.know(ctx, &claims)
	if err != nil {
		return Identity{}, err
	}
	if known.judge(&claims) != good {
		return Identity{}, errRevoked
	}
	// A field longer than this is not what auth-service hands out, or has padding: it would only fill memory.
	if field := authorization[0]; len(field) <= len("Bearer ")+len(raw) {
		c.remember(at, &entry{field: field, claims: claims, expiresAt: claims.ExpiresAt.UnixNano(), keys: keys, user: at}, now)
	}
	return known.identity(&claims), nil
}

// remember keeps a verification, unless its user was forgotten meanwhile: then the feed would not reach it.
func (c *Checker) remember(at *user, e *entry, now time.Time) {
	c.users.mu.Lock()
	defer c.users.mu.Unlock()
	if c.users.byID[at.id] == at {
		c.tokens.put(e, now.UnixNano())
	}
}
