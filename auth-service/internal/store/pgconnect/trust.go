package pgconnect

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// idleTrust is how long a connection that nobody uses is believed to be good.
	idleTrust = time.Second
	// checkTimeout is how long a connection that is in doubt may take to answer.
	checkTimeout = 500 * time.Millisecond
	// missesOfDead is how many connections in a row have to give no answer until all that were opened before are given up.
	missesOfDead = 2
	// keptWhenFull is how long connections are not replaced after the server had none left.
	keptWhenFull = 10 * time.Minute
)

// factsKey is where a connection keeps its facts.
const factsKey = "tallygate"

// facts are about one connection. Whoever has the connection has them.
type facts struct {
	opened   time.Time
	verified time.Time // when it was last known to be good
	used     time.Time // when it was last taken
	end      time.Time // from when it is not used any more
	pooled   bool      // it leads to a pooler
}

// factsOf returns the facts of a connection, nil if it is not one of ours.
func factsOf(conn *pgx.Conn) *facts {
	f, _ := conn.PgConn().CustomData()[factsKey].(*facts)
	return f
}

// trust decides which connections are used once more. After a failure each is asked before its next use: it may lead to a server
// that is not there any more, or that takes no writes any more. When a server hangs, or a network loses everything, a question
// takes long. Not every connection may take that long: after a few the others are thrown away without one.
type trust struct {
	mu      sync.Mutex
	doubted time.Time // connections that were verified before are asked
	given   time.Time // connections that were opened before are thrown away
	misses  int
	full    time.Time // when the server had no connection left
}

// doubt has every connection asked before its next use.
func (t *trust) doubt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubted = time.Now()
}

// connected notes that the server has answered.
func (t *trust) connected() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.misses = 0
}

// noRoom notes that the server had no connection left.
func (t *trust) noRoom() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.full = time.Now()
}

// missed notes that a connection gave no answer.
func (t *trust) missed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubted = time.Now()
	if t.misses++; t.misses >= missesOfDead {
		t.given = t.doubted
	}
}

// of says what a connection needs before its next use: nothing, a question, or its end.
func (t *trust) of(f *facts, now time.Time) (ask, end bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Who gives a connection back to a full server gets none for it.
	end = f.opened.Before(t.given) || now.After(f.end) && now.Sub(t.full) > keptWhenFull
	return f.verified.Before(t.doubted) || now.Sub(f.used) > idleTrust, end
}

// check has a connection closed that is not to be used any more. database/sql then takes another one.
func (t *trust) check(ctx context.Context, conn *pgx.Conn) error {
	f := factsOf(conn)
	now := time.Now()
	ask, end := t.of(f, now)
	f.used = now
	switch {
	case end:
		return driver.ErrBadConn
	case !ask:
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := writable(bounded, conn.PgConn())
	switch {
	case err == nil:
		f.verified = now
		t.connected()
		return nil
	case ctx.Err() == nil && bounded.Err() != nil:
		t.missed()
	case !errors.Is(err, ErrReadOnly):
		t.doubt() // it broke, and others may have
	}
	return driver.ErrBadConn
}

// Doubt has every connection asked before its next use, because a call has failed in a way that a change of the server can explain.
func (s *Server) Doubt() { s.trust.doubt() }
