//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tallygate/kit/pgtest"
)

// bouncerSize is how many connections to a database a PgBouncer opens: few, so that each transaction comes to another one.
const bouncerSize = 3

// Bounced returns the address of a database of Postgres behind a PgBouncer in transaction mode. Where PgBouncer is not installed the
// test is skipped; in CI that is a failure.
func (s *Shared) Bounced(t testing.TB, url string) string {
	t.Helper()
	s.bouncing.Do(func() { s.bouncer, s.bouncerErr = s.server.bounce(context.Background()) })
	pgtest.Require(t, s.bouncerErr)
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres:///"), "?")
	return s.server.files.BouncerURL(name)
}

// bounce starts a PgBouncer in front of the server and waits until it listens.
func (s *Server) bounce(ctx context.Context) (*exec.Cmd, error) {
	bouncer, err := s.files.Bouncer(bouncerSize)
	if err != nil {
		return nil, err
	}
	if err := bouncer.Start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "unix", s.files.BouncerSocket())
		if err == nil {
			return bouncer, conn.Close()
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("pgbouncer accepts no connections: %w", err), stopBouncer(bouncer))
		}
	}
}

func stopBouncer(bouncer *exec.Cmd) error {
	if bouncer == nil {
		return nil
	}
	err := bouncer.Process.Signal(syscall.SIGQUIT) // at once
	_ = bouncer.Wait()                             // says how it was ended
	return err
}
