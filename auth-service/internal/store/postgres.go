package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"tallygate/auth-service/internal/store/dbcopy"
	"tallygate/kit/turn"
)

const (
	// postgresConnectTimeout bounds connecting. It is longer than a call of the store may take: a busy machine needs seconds for
	// the handshakes of all replicas at once, and each call has a timeout of its own.
	postgresConnectTimeout = 5 * time.Second
	// connectsAtOnce bounds the connections of a pool that are being opened. When all have broken, a handshake at a time is
	// soon over; a dozen of them, in each replica, take each other's time until all have timed out.
	connectsAtOnce = 2
	// A connection is replaced after connLife, or up to half as late again: not all of them at the same moment.
	connLife = time.Hour
)

func openPostgres(url string) (engine, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return engine{}, errors.New("is not a postgres://user:password@host:port/database address")
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = postgresConnectTimeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "tallygate auth-service"
	}
	connect := func() (*sql.DB, gorm.Dialector, error) {
		pool := sql.OpenDB(&fewAtOnce{
			Connector: stdlib.GetConnector(*cfg, stdlib.OptionAfterConnect(setEnd), stdlib.OptionResetSession(checkEnd)),
			turns:     turn.NewLine(connectsAtOnce, maxWaiting),
		})
		return pool, postgres.New(postgres.Config{Conn: pool}), nil
	}
	return engine{
		name: "postgres", names: postgresNames{}, connect: connect, slowToConnect: true,
		migrate: migratePostgres, outage: postgresOutage, unreachable: postgresUnreachable, slow: postgresSlow,
		retryable: postgresRetryable,
		bulk:      postgresBulk{}, ids: postgresIDs{}, size: postgresSize,
	}, nil
}

// errNotConnected means that others were still connecting when the time was over.
var errNotConnected = errors.New("no turn to connect")

// fewAtOnce opens a few connections at once.
type fewAtOnce struct {
	driver.Connector

	turns *turn.Line
}

// Connect waits for its turn.
func (f *fewAtOnce) Connect(ctx context.Context) (driver.Conn, error) {
	if err := f.turns.Take(ctx, ordinary); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotConnected, err)
	}
	defer f.turns.Leave()
	return f.Connector.Connect(ctx)
}

// endKey is where a connection keeps the time from which it is not used any more.
const endKey = "tallygate.end"

func setEnd(_ context.Context, conn *pgx.Conn) error {
	spread := time.Duration(conn.PgConn().PID()) * time.Second % (connLife / 2)
	conn.PgConn().CustomData()[endKey] = time.Now().Add(connLife + spread)
	return nil
}

// checkEnd has a connection closed that has come to its end. database/sql then takes another one.
func checkEnd(_ context.Context, conn *pgx.Conn) error {
	if end, ok := conn.PgConn().CustomData()[endKey].(time.Time); ok && time.Now().After(end) {
		return driver.ErrBadConn
	}
	return nil
}

// migratePostgres migrates, unless a copy into the database is not finished. A copy that begins meanwhile waits for the migration, and
// then finds a database that is not empty; one that began before is found at the end.
func migratePostgres(ctx context.Context, pool *sql.DB, log *slog.Logger) error {
	if err := dbcopy.Finished(ctx, pool); err != nil {
		return err
	}
	if err := migrateLocked(ctx, pool, log); err != nil {
		return err
	}
	return dbcopy.Finished(ctx, pool)
}

// migrateLocked holds a session lock: of several replicas one migrates, and the others wait for it.
func migrateLocked(ctx context.Context, pool *sql.DB, log *slog.Logger) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	return migrate(ctx, goose.DialectPostgres, pool, log, goose.WithSessionLocker(locker))
}

// postgresOutage decides by the class of SQLSTATE: 08 connection, 53 resources, 57 operator intervention, 58 system, and
// 25006, a standby that refuses writes. An error that is not from the server is from the connection to it.
func postgresOutage(err error) bool {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch refusal.Code[:2] {
		case "08", "53", "57", "58":
			return true
		case "28", "3D": // no such role or database: the operator may still create it
			return true
		}
		return refusal.Code == "25006"
	}
	if postgresUnreachable(err) {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	// ErrBadConn: the connection broke between two statements of a transaction, and nothing of the second was sent.
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.SafeToRetry(err) || pgconn.Timeout(err)
}

func postgresUnreachable(err error) bool {
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok || errors.Is(err, errNotConnected)
}

// postgresSlow knows the ends of statements that took too long, by a timeout of the server or of the operator, and of those
// that got no lock in time.
func postgresSlow(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refusal.Code == "57014" || refusal.Code == "55P03" || refusal.Code == "25P03" || refusal.Code == "25P04")
}

func postgresRetryable(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refusal.Code == "40001" || refusal.Code == "40P01")
}
