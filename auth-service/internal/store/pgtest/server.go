// Package pgtest starts a throwaway PostgreSQL server for tests, from the programs of this machine.
//
// It refuses to know what is tested. The server listens on a socket in a folder of its own, keeps nothing safe, and is
// gone when it is stopped.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// errMissing means that this machine has no PostgreSQL server programs.
var errMissing = errors.New("PostgreSQL's server programs (initdb, postgres) are not installed")

// startTimeout bounds how long a server may take to answer.
const startTimeout = 30 * time.Second

// Server is a running server.
type Server struct {
	dir, bin   string
	credential *syscall.SysProcAttr
	process    *exec.Cmd
	ended      chan struct{} // closed when process has ended
	databases  atomic.Int64
	durable    bool
}

// Start starts an empty server that ends with the test. It syncs to disk as a real one does, and can be killed. Where
// PostgreSQL's programs are not installed the test is skipped; in CI that is a failure.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start(t.Context(), true)
	need(t, err)
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// start starts an empty server. With durable it syncs to disk, else it skips all of that. errMissing if there are no
// programs for it.
func start(ctx context.Context, durable bool) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	// Not the test's own folder: another user has to get into it, and a socket's path must be short.
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, durable: durable}
	if err := s.init(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) init(ctx context.Context) error {
	if err := s.dropRoot(); err != nil {
		return err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "-D", filepath.Join(s.dir, "data"),
		"-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = s.dir, s.credential
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s.Launch(ctx)
}

// dropRoot finds another user when this is root, as whom PostgreSQL refuses to run.
func (s *Server) dropRoot() error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range [...]string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(account.Uid)
		gid, _ := strconv.Atoi(account.Gid)
		s.credential = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return os.Chown(s.dir, uid, gid)
	}
	return errors.New("no user to run PostgreSQL as")
}

// Launch starts the server process, also again after Kill, and waits until it answers. A process that ends before it
// answers is started anew: what a killed one leaves behind, its last children hold for a moment longer.
func (s *Server) Launch(ctx context.Context) error {
	if err := s.spawn(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
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
	args := []string{"-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=200"}
	if !s.durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	}
	s.process = exec.Command(filepath.Join(s.bin, "postgres"), args...)
	s.process.Dir, s.process.SysProcAttr = s.dir, s.credential
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	process, ended := s.process, make(chan struct{})
	s.ended = ended
	go func() {
		_ = process.Wait() // says how it was ended
		close(ended)
	}()
	return nil
}

// URL is the address of a database.
func (s *Server) URL(database string) string {
	query := url.Values{"host": {s.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}

// NewDatabase makes an empty database and returns its address.
func (s *Server) NewDatabase(ctx context.Context, t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d", s.databases.Add(1))
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // the test goes on without it
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

// Kill ends the server and every process of it at once, as a crash would. Launch starts it again.
func (s *Server) Kill() error {
	// Stopped, the parent can neither start nor replace a child while they are killed one by one.
	pid := s.process.Process.Pid
	if err := s.process.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Where there is no such file, the children see by themselves that the parent is gone, a little later.
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
	return errors.Join(err, os.RemoveAll(s.dir))
}

// programs finds the folder of the server programs: on PATH, else where Debian and its children keep them.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errMissing
	}
	return filepath.Dir(found[len(found)-1]), nil
}
