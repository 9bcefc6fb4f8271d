package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
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
)

// postgresConnectTimeout bounds connecting. It is longer than a call of the store may take: a busy machine needs seconds for
// the handshakes of all replicas at once, and each call has a timeout of its own.
const postgresConnectTimeout = 5 * time.Second

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
	pool := stdlib.OpenDB(*cfg)
	return engine{
		name: "postgres", pool: pool, dialector: postgres.New(postgres.Config{Conn: pool}),
		migrate: migratePostgres, outage: postgresOutage, retryable: postgresRetryable,
		bulk: postgresBulk{},
	}, nil
}

// migratePostgres holds a session lock: of several replicas one migrates, and the others wait for it.
func migratePostgres(ctx context.Context, pool *sql.DB, log *slog.Logger) error {
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
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	// ErrBadConn: the connection broke between two statements of a transaction, and nothing of the second was sent.
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		pgconn.SafeToRetry(err) || pgconn.Timeout(err)
}

func postgresRetryable(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refusal.Code == "40001" || refusal.Code == "40P01")
}
