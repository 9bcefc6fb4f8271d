package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"tallygate/auth-service/internal/store/pgconnect"
)

// connectsAtOnce bounds the connections of a pool that are being opened.
const connectsAtOnce = 2

// readOnly is the SQLSTATE of a write to a server that takes none.
const readOnly = "25006"

func openPostgres(url string) (engine, error) {
	server, err := pgconnect.Open(url)
	if err != nil {
		return engine{}, err
	}
	connect := func() (*sql.DB, gorm.Dialector, error) {
		pool := sql.OpenDB(server.Connector(connectsAtOnce))
		return pool, postgres.New(postgres.Config{Conn: pool}), nil
	}
	return engine{
		name: "postgres", system: "postgresql", names: postgresNames{}, connect: connect, slowToConnect: true,
		migrate: migratePostgres(connect), outage: postgresOutage, unreachable: postgresUnreachable, slow: postgresSlow,
		retryable: postgresRetryable, cause: pgconnect.Cause, probe: probePostgres, doubt: server.Doubt, full: pgconnect.Full,
		bulk: postgresBulk{}, ids: postgresIDs{}, size: postgresSize,
	}, nil
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
		return refusal.Code == readOnly
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
	return ok || errors.Is(err, pgconnect.ErrNotConnected)
}

// probePostgres asks whether the server takes writes. In doubt it commits a message to the write-ahead log that nobody reads: also a
// primary whose synchronous standby is gone says that it takes writes. The message needs no row, no lock and no right.
func probePostgres(ctx context.Context, pool *sql.DB, inDoubt bool) error {
	query := "select current_setting('transaction_read_only')"
	if inDoubt {
		query = "select 'off' from (select pg_logical_emit_message(true, 'tallygate', 'probe')) written"
	}
	var only string
	if err := pool.QueryRowContext(ctx, query).Scan(&only); err != nil {
		return err
	}
	if only != "off" {
		return pgconnect.ErrReadOnly
	}
	return nil
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
