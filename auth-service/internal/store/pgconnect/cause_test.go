package pgconnect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tallygate/auth-service/internal/store/pgconnect"
)

func TestEveryOutageIsToldByItsCause(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for want, err := range map[string]error{
		"nothing listens there":             refused,
		"no way to the host":                &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)},
		"host name db.example is not found": &net.DNSError{Name: "db.example", IsNotFound: true},
		"did not answer in time":            fmt.Errorf("ping: %w", context.DeadlineExceeded),
		"the connection broke":              fmt.Errorf("read: %w", io.ErrUnexpectedEOF),
		"refused the password":              sqlstate("28P01"),
		"refused the user":                  sqlstate("28000"),
		"does not exist":                    sqlstate("3D000"),
		"not the rights":                    sqlstate("42501"),
		"no connection left":                sqlstate("53300"),
		pgconnect.DiskFull:                  sqlstate("53100"),
		"no memory left":                    sqlstate("53200"),
		"read-only":                         sqlstate("25006"),
		"is shutting down":                  sqlstate("57P01"),
		"is starting":                       sqlstate("57P03"),
		"cannot read or write its files":    sqlstate("58030"),
		"took too long":                     sqlstate("57014"),
		"a lock was not free":               sqlstate("55P03"),
		"an option of the address":          sqlstate("42704"),
		"a pooler in front of it":           sqlstate("08P01"),
		"SQLSTATE XX000":                    sqlstate("XX000"),
		"the database failed":               errors.New("anything"),
		"still being opened":                fmt.Errorf("%w: %w", pgconnect.ErrNotConnected, context.DeadlineExceeded),
		// Of two hosts both causes are told, and each once.
		"nothing listens there; the server is read-only": errors.Join(refused, pgconnect.ErrReadOnly, fmt.Errorf("again: %w", pgconnect.ErrReadOnly)),
	} {
		if got := pgconnect.Cause(err); !strings.Contains(got, want) || strings.Count(got, "read-only") > 1 {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

// TestServersAreAskedForTheCause: what real connections end with.
func TestServersAreAskedForTheCause(t *testing.T) {
	t.Parallel()
	url := shared.Postgres(t)
	for address, want := range map[string]string{
		strings.Replace(url, "/t", "/no-such-database-t", 1):       "does not exist",
		strings.Replace(url, "user=postgres", "user=nobody123", 1): "refused the user",
		url + "&options=-c%20nonsense%3D1":                         "an option of the address",
		url + "&statement_timeout=soon":                            "an option of the address",
		"postgres://u:hunter2@127.0.0.1:1/db?sslmode=disable":      "nothing listens there",
		"postgres:///db?host=/nowhere&user=u":                      "nothing listens there",
	} {
		err := ping(t, address)
		if err == nil || !strings.Contains(pgconnect.Cause(err), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v: %s, want %q", address, err, pgconnect.Cause(err), want)
		}
	}
}

func sqlstate(code string) error {
	return fmt.Errorf("query: %w", &pgconn.PgError{Code: code, Message: "a sentence with a value in it"})
}
