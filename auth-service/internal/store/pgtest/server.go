//go:build unix

// Package pgtest gives tests databases of their own: on a throwaway PostgreSQL server, which can be killed, and on SQLite.
//
// It refuses to know what is tested. Package pgtest of kit knows PostgreSQL's programs.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tallygate/kit/pgtest"
)

// startTimeout bounds how long a server may take until it accepts connections.
const startTimeout = 30 * time.Second

// Server is a running server.
type Server struct {
	files     *pgtest.Server
	process   *exec.Cmd
	ended     chan struct{} // closed when process has ended
	databases atomic.Int64
}

// Start starts an empty server that ends with the test. It syncs to disk as a real one does, and can be killed. Where
// PostgreSQL's programs are not installed the test is skipped; in CI that is a failure.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start(t.Context(), true)
	pgtest.Require(t, err)
	endWith(t, s)
	return s
}

// StartPair starts a primary and its streaming standby, which end with the test. Neither syncs to disk.
func StartPair(t testing.TB) (primary, standby *Server) {
	t.Helper()
	primary, err := start(t.Context(), false)
	pgtest.Require(t, err)
	endWith(t, primary)
	files, err := primary.files.Standby(t.Context())
	if err == nil {
		standby, err = launch(t.Context(), files)
	}
	if err != nil {
		t.Fatal(err)
	}
	endWith(t, standby)
	return primary, standby
}

func endWith(t testing.TB, s *Server) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// start starts an empty server. If durable, it syncs to disk, otherwise it never does. The error is pgtest.ErrMissing if
// there are no programs for it.
func start(ctx context.Context, durable bool) (*Server, error) {
	files, err := pgtest.New(ctx, durable)
	if err != nil {
		return nil, err
	}
	return launch(ctx, files)
}

// launch starts the server of a data folder.
func launch(ctx context.Context, files *pgtest.Server) (*Server, error) {
	s := &Server{files: files}
	if err := s.Launch(ctx); err != nil {
		return nil, errors.Join(err, files.Remove())
	}
	return s, nil
}

// Launch starts the server process, also again after Kill, and waits until it accepts connections. A process that ends
// before that is started again: the children of a killed one live for a moment longer, and it cannot start beside them.
func (s *Server) Launch(ctx context.Context) error {
	if err := s.spawn(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := s.files.Ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("postgres accepts no connections: %w", err)
		}
		select {
		case <-s.ended:
			if err := s.spawn(); err != nil {
				return err
			}
		default:
		}
	}
}

// spawn starts the server process.
func (s *Server) spawn() error {
	process, ended := s.files.Command(), make(chan struct{})
	if err := process.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.process, s.ended = process, ended
	go func() {
		_ = process.Wait() // says how it was ended
		close(ended)
	}()
	return nil
}

// URL is the address of a database.
func (s *Server) URL(database string) string { return s.files.URL(database) }

// Socket is the path of the socket that the server listens on.
func (s *Server) Socket() string { return s.files.Socket() }

// Promote makes a standby a primary. It returns when writes are possible.
func (s *Server) Promote(ctx context.Context) error { return s.files.Promote(ctx) }

// NewDatabase makes an empty database and returns its address.
func (s *Server) NewDatabase(ctx context.Context, t testing.TB) string {
	t.Helper()
	return s.newDatabase(ctx, t, "")
}

// newDatabase makes a copy of a database and returns its address.
func (s *Server) newDatabase(ctx context.Context, t testing.TB, copied string) string {
	t.Helper()
	name := fmt.Sprintf("t%d", s.databases.Add(1))
	if err := s.create(ctx, name, copied); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

// create makes a copy of a database, or an empty one if copied is empty.
func (s *Server) create(ctx context.Context, name, copied string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it is done
	statement := "create database " + name
	if copied != "" {
		statement += " template " + copied
	}
	_, err = conn.Exec(ctx, statement)
	return err
}

// Kill ends the server and every process of it at once, as a crash would. Launch starts it again.
func (s *Server) Kill() error {
	// A stopped parent cannot start or replace a child while the children are killed one by one.
	pid := s.process.Process.Pid
	if err := s.process.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Without that file the children end a little later, when they notice that the parent is gone.
	for word := range strings.FieldsSeq(string(list)) {
		if child, err := strconv.Atoi(word); err == nil {
			_ = syscall.Kill(child, syscall.SIGKILL) // it may have ended by itself
		}
	}
	err = s.process.Process.Kill()
	<-s.ended
	return err
}

// Stop ends the server and removes all of it.
func (s *Server) Stop() error {
	err := s.process.Process.Signal(syscall.SIGQUIT)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil // it was killed
	}
	<-s.ended
	return errors.Join(err, s.files.Remove())
}
