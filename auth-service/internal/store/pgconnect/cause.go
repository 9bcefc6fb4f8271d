package pgconnect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// DiskFull is the cause of failures that a full disk explains.
const DiskFull = "the disk of the database is full"

// Cause says in a few words why a call or a connection has failed: what the operator has to look at. Of several hosts it says each.
// It never holds a password.
func Cause(err error) string {
	var all []string
	for _, one := range split(err) {
		if cause := causeOf(one); cause != "" && !slices.Contains(all, cause) {
			all = append(all, cause)
		}
	}
	if len(all) == 0 {
		return "the database failed"
	}
	return strings.Join(all, "; ")
}

// Full reports whether a server, or a pooler, has no connection left.
func Full(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refusal.Code == "53300"
}

// split returns the errors that were joined into one.
func split(err error) (all []error) {
	for next := err; next != nil; next = errors.Unwrap(next) {
		if joined, ok := next.(interface{ Unwrap() []error }); ok {
			for _, one := range joined.Unwrap() {
				all = append(all, split(one)...)
			}
			return all
		}
	}
	return []error{err}
}

func causeOf(err error) string {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return causeOfRefusal(refusal)
	}
	if cause := causeInTLS(err); cause != "" {
		return cause
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && !unknown.IsTimeout {
		return fmt.Sprintf("the host name %s is not found", unknown.Name)
	}
	switch {
	case errors.Is(err, ErrReadOnly):
		return "the server is read-only, as a standby is"
	case errors.Is(err, ErrNotConnected):
		return "other connections are still being opened"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return "the connection was refused: nothing listens there"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to the host in the network"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT), pgconn.Timeout(err):
		return "the server did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed):
		return "the connection broke"
	}
	return ""
}

func causeInTLS(err error) string {
	if unknown, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		authority := "that is not known"
		if unknown.Cert != nil {
			authority = unknown.Cert.Issuer.String()
		}
		return fmt.Sprintf("the server's certificate is signed by an authority that is not trusted (%s): sslrootcert names the file of those that are", authority)
	}
	if other, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("the server's certificate is not for the host %s", other.Host)
	}
	if wrong, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if wrong.Reason == x509.Expired {
			return "the server's certificate has expired, or is not valid yet"
		}
		return "the server's certificate is not valid"
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return "the server ended TLS: " + alert.Error()
	}
	// pgx has no value for the second.
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.HasSuffix(err.Error(), "server refused TLS connection") {
		return "the server does not speak TLS"
	}
	return ""
}

// causeOfRefusal knows what the server itself has said, by its SQLSTATE. Its sentences may hold values, so they are not repeated.
func causeOfRefusal(refusal *pgconn.PgError) string {
	switch refusal.Code {
	case "28P01":
		return "the server refused the password"
	case "28000":
		return "the server refused the user: there is no such role, or pg_hba.conf does not let it in from here"
	case "3D000":
		return "the database does not exist on the server"
	case "42501":
		return "the user has not the rights that are needed in the database"
	case "53300":
		return "the server has no connection left"
	case "53100":
		return DiskFull
	case "53200":
		return "the server has no memory left"
	case "25006":
		return "the server is read-only, as a standby is"
	case "57P01", "57P02":
		return "the server is shutting down, or an operator ended the connection"
	case "57P03":
		return "the server is starting or shutting down"
	case "58030", "58P01", "58P02":
		return "the server cannot read or write its files"
	case "57014", "25P04":
		return "the server ended the call, which took too long"
	case "55P03":
		return "a lock was not free in time"
	case "42704", "22023":
		return "the server does not know an option of the address, or its value"
	}
	if strings.HasPrefix(refusal.Code, "08") {
		return "the server, or a pooler in front of it, ended the connection"
	}
	return "the server refused it with SQLSTATE " + refusal.Code
}
