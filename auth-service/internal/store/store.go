package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"tallygate/auth-service/internal/fault"
)

// Config says which database to use, and how.
type Config struct {
	URL      string // postgres://… or sqlite:PATH
	MaxConns int    // the most connections at once
	// Timeout bounds one call of the store, including the wait for a connection: requests must not pile up in front of a
	// database that hangs.
	Timeout time.Duration
	Log     *slog.Logger
}

// Store is the database. Safe for concurrent use.
type Store struct {
	db      *gorm.DB
	pool    *sql.DB
	engine  engine
	timeout time.Duration // of one call
	log     *slog.Logger
	ready   atomic.Bool
	// writer, if not nil, is held by the one transaction that writes. SQLite allows one writer, and a queue here is
	// fairer than its busy handler.
	writer chan struct{}
	// guessing is held by calls that count guesses, so that a flood of guesses leaves connections to everybody else.
	guessing chan struct{}
}

// engine is what differs between the two databases.
type engine struct {
	name      string
	pool      *sql.DB
	dialector gorm.Dialector
	migrate   func(context.Context, *sql.DB, *slog.Logger) error
	// outage reports whether an error means that the database is unavailable, retryable whether the same transaction may
	// succeed when it is tried again.
	outage, retryable func(error) bool
	bulk              bulk
	oneWriter         bool
}

// Open prepares the use of the database. It does not connect; Start does.
func Open(cfg Config) (*Store, error) {
	e, err := openEngine(cfg.URL)
	if err != nil {
		return nil, err
	}
	e.pool.SetMaxOpenConns(cfg.MaxConns)
	e.pool.SetMaxIdleConns(cfg.MaxConns)
	e.pool.SetConnMaxIdleTime(5 * time.Minute)
	e.pool.SetConnMaxLifetime(time.Hour)
	db, err := gorm.Open(e.dialector, &gorm.Config{
		// Errors are logged where they are handled. Values are never logged.
		Logger:                 logger.Discard,
		SkipDefaultTransaction: true,
		TranslateError:         true,
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), e.pool.Close())
	}
	s := &Store{
		db: db, pool: e.pool, engine: e, timeout: cfg.Timeout, log: cfg.Log,
		guessing: make(chan struct{}, max(cfg.MaxConns/2, 1)),
	}
	if e.oneWriter {
		s.writer = make(chan struct{}, 1)
	}
	return s, nil
}

func openEngine(url string) (engine, error) {
	switch {
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(url)
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(strings.TrimPrefix(url, "sqlite:"))
	}
	// The value may hold a password: it is not repeated.
	return engine{}, errors.New("is neither postgres://… nor sqlite:PATH")
}

// Ready is nil when the database can be used. The error is fault.ErrUnavailable.
func (s *Store) Ready(ctx context.Context) error {
	if !s.ready.Load() {
		return fault.ErrUnavailable
	}
	if err := s.pool.PingContext(ctx); err != nil {
		return fmt.Errorf("%w: %w", fault.ErrUnavailable, err)
	}
	return nil
}

// Close closes all connections.
func (s *Store) Close() error { return s.pool.Close() }

// Pool returns the pool of connections, for metrics about them.
func (s *Store) Pool() *sql.DB { return s.pool }
