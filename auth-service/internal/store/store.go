package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/store/pgconnect"
	"tallygate/auth-service/internal/system"
	"tallygate/kit/turn"
)

// Config says which database to use, and how.
type Config struct {
	URL string // postgres://… or sqlite:PATH
	// MaxConns is the most connections at once. A quarter of them is for the calls of gateways.
	MaxConns int
	// Timeout bounds how long one call of the store waits for its turn, and then how long it takes: requests must not pile
	// up in front of a database that hangs.
	Timeout time.Duration
	Log     *slog.Logger
	Tracer  trace.Tracer     // nil: there are no traces
	Now     func() time.Time // time.Now if nil
}

// Store is the database. Safe for concurrent use.
type Store struct {
	public, private *lane
	engine          engine
	timeout         time.Duration // of one call
	log             *slog.Logger
	ready           atomic.Bool
	outage          outage
	now             func() time.Time
	history         atomic.Pointer[history]
	growing         context.Context // ends when the store is closed
	stopGrowing     context.CancelFunc

	// Calls that would wait for the same row, or that read for the same user, wait in a line. They hold no connection there.
	lockers, readers, forged, leases, batches, openings *turn.Lines
	// writer, if not nil, gives the turn to write. SQLite allows one writer, and a line here is fairer than its busy handler.
	writer *turn.Line
}

// engine is what differs between the two databases.
type engine struct {
	name   string
	system string // OpenTelemetry's name of it
	// connect returns a pool that has no connection yet.
	connect func() (*sql.DB, gorm.Dialector, error)
	migrate func(context.Context, *sql.DB, *slog.Logger) error
	// outage reports whether an error means that the database is unavailable, unreachable whether that is because no
	// connection came about. slow reports whether the database is there and took too long, retryable whether the same
	// transaction may succeed when it is tried again.
	outage, unreachable, slow, retryable func(error) bool
	// cause says in words why the database is not available.
	cause func(error) string
	// probe returns an error if the database takes no writes. In doubt it tries to write.
	probe func(ctx context.Context, pool *sql.DB, inDoubt bool) error
	// full, if not nil, reports whether the server has no connection left.
	full func(error) bool
	// doubt is called after a failure that a change of the server can explain.
	doubt func()
	names names
	bulk  bulk
	ids   ids
	// overwrite, if not nil, empties the log of the database, in which deleted rows still stand. It is not done while others
	// read what stands there.
	overwrite func(context.Context, *sql.DB) (done bool, err error)
	// size is how large the database is.
	size          func(ctx context.Context, db *gorm.DB) (system.Database, error)
	oneWriter     bool
	slowToConnect bool
}

// Open prepares the use of the database. It does not connect; Start does.
func Open(cfg Config) (*Store, error) {
	e, err := openEngine(cfg.URL)
	if err != nil {
		return nil, err
	}
	return open(cfg, e)
}

func open(cfg Config, e engine) (_ *Store, err error) {
	ofGateways := max(cfg.MaxConns/4, 1)
	ofClients := max(cfg.MaxConns-ofGateways, 1)
	s := &Store{
		engine: e, timeout: cfg.Timeout, log: cfg.Log, now: cfg.Now,
		lockers: turn.NewLines(1, fault.CrowdedPast), leases: turn.NewLines(1, fault.CrowdedPast),
		readers: turn.NewLines(max(ofClients/4, 1), maxWaiting), forged: turn.NewLines(1, maxWaiting),
		batches: turn.NewLines(max(ofGateways/2, 1), maxWaiting), openings: turn.NewLines(max(ofGateways/2, 1), maxWaiting),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.public, err = openLane(&e, ofClients, ofClients/2, warmConns); err != nil {
		return nil, err
	}
	if s.private, err = openLane(&e, ofGateways, ofGateways-1, ofGateways); err != nil {
		return nil, errors.Join(err, s.public.pool.Close())
	}
	if cfg.Tracer != nil {
		for _, l := range []*lane{s.public, s.private} {
			if err := l.db.Use(&spans{tracer: cfg.Tracer, system: e.system}); err != nil {
				return nil, errors.Join(err, s.public.pool.Close(), s.private.pool.Close())
			}
		}
	}
	if e.oneWriter {
		s.writer = turn.NewLine(1, maxWaiting)
	}
	s.growing, s.stopGrowing = context.WithCancel(context.Background())
	return s, nil
}

// CheckURL returns every mistake in the address of a database, joined. It opens nothing, and repeats no password.
func CheckURL(url string) error {
	path, isFile := strings.CutPrefix(url, "sqlite:")
	switch {
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return pgconnect.Check(url)
	case !isFile:
		return errNoURL
	case path == "" || path == ":memory:":
		return errNoFile
	}
	return nil
}

// The value may hold a password: it is not repeated.
var (
	errNoURL  = errors.New("is neither postgres://… nor sqlite:PATH")
	errNoFile = errors.New("has no path of a file behind sqlite")
)

func openEngine(url string) (engine, error) {
	switch {
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(url)
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(strings.TrimPrefix(url, "sqlite:"))
	}
	return engine{}, errNoURL
}

// Close closes all connections.
func (s *Store) Close() error {
	s.stopGrowing()
	return errors.Join(s.public.pool.Close(), s.private.pool.Close())
}

// Pool returns the connections for the calls of clients.
func (s *Store) Pool() *sql.DB { return s.public.pool }

// Pools are the connections for the calls of clients and for those of gateways, by name, for metrics about them.
func (s *Store) Pools() map[string]*sql.DB {
	return map[string]*sql.DB{"public": s.public.pool, "private": s.private.pool}
}

// Waiting is how many calls of a pool wait for a connection.
func (s *Store) Waiting(pool string) int {
	if pool == "private" {
		return s.private.gate.Waiting()
	}
	return s.public.gate.Waiting()
}
