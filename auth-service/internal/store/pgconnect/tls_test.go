package pgconnect_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/store/pgconnect"
	"tallygate/auth-service/internal/store/pgtest"
	"tallygate/kit/tlstest"
)

var shared pgtest.Shared

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// TestCertificatesAreVerified: a real server behind TLS, and addresses that trust it or not.
func TestCertificatesAreVerified(t *testing.T) {
	t.Parallel()
	authority, other := tlstest.New(t), tlstest.New(t)
	behind := socketOf(t, shared.Postgres(t))
	good := serveTLS(t, authority.Certificate(t, "localhost"), behind)
	expired := serveTLS(t, authority.Expired(t, "localhost"), behind)
	plain := servePlain(t, behind)
	for name, test := range map[string]struct{ address, options, says string }{
		"a mounted authority":    {good, "sslmode=verify-full&sslrootcert=" + authority.File, ""},
		"only the authority":     {good, "sslmode=verify-ca&sslrootcert=" + authority.File, ""},
		"public authorities":     {good, "sslmode=verify-full", "an authority that is not trusted"},
		"public ones, by name":   {good, "sslrootcert=system", "an authority that is not trusted"},
		"another authority":      {good, "sslmode=verify-full&sslrootcert=" + other.File, "an authority that is not trusted"},
		"another host":           {strings.Replace(good, "localhost", "127.0.0.1", 1), "sslmode=verify-full&sslrootcert=" + authority.File, "is not for the host 127.0.0.1"},
		"an expired certificate": {expired, "sslmode=verify-full&sslrootcert=" + authority.File, "has expired"},
		"no TLS at the server":   {plain, "sslmode=verify-full&sslrootcert=" + authority.File, "TLS"},
		"encrypted only":         {good, "sslmode=require", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := ping(t, "postgres://postgres:hunter2@"+test.address+"/postgres?"+test.options)
			if test.says == "" {
				if err != nil {
					t.Errorf("got %v: %s", err, pgconnect.Cause(err))
				}
				return
			}
			if err == nil || !strings.Contains(pgconnect.Cause(err), test.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v: %s, want %q", err, pgconnect.Cause(err), test.says)
			}
		})
	}
}

func ping(t *testing.T, address string) error {
	t.Helper()
	server, err := pgconnect.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(server.Connector(1))
	defer pool.Close() //nolint:errcheck // it is done
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return pool.PingContext(ctx)
}

func socketOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("host") + "/.s.PGSQL.5432"
}

// serveTLS is PostgreSQL with a certificate: it takes the request for TLS, and forwards what is inside.
func serveTLS(t *testing.T, certificate tls.Certificate, socket string) (address string) {
	t.Helper()
	return serve(t, func(client net.Conn) {
		request := make([]byte, 8) // SSLRequest
		if _, err := io.ReadFull(client, request); err != nil {
			return
		}
		if _, err := client.Write([]byte("S")); err != nil {
			return
		}
		forward(tls.Server(client, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}), socket)
	})
}

// servePlain is the server as it is, without TLS.
func servePlain(t *testing.T, socket string) (address string) {
	t.Helper()
	return serve(t, func(client net.Conn) { forward(client, socket) })
}

func serve(t *testing.T, handle func(net.Conn)) (address string) {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				handle(client)
			}()
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "localhost:" + port
}

func forward(client net.Conn, socket string) {
	var d net.Dialer
	server, err := d.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client) // until either end closes
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}
