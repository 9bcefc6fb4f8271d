package pgtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// ErrNoBouncer means that this machine has no PgBouncer.
var ErrNoBouncer = errors.New("pgbouncer is not installed")

// bouncerPort is in the name of PgBouncer's socket.
const bouncerPort = 6432

// Bouncer is the command of a PgBouncer in transaction mode in front of the server, which opens at most so many connections to each
// database. Its configuration has nothing else that could help its clients. The error is ErrNoBouncer if it is not installed.
func (s *Server) Bouncer(size int) (*exec.Cmd, error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			return nil, ErrNoBouncer
		}
	}
	config := filepath.Join(s.dir, "pgbouncer.ini")
	text := fmt.Appendf(nil, `[databases]
* = host=%[1]s port=5432 user=postgres
[pgbouncer]
listen_addr =
listen_port = %[2]d
unix_socket_dir = %[1]s
auth_type = any
pool_mode = transaction
default_pool_size = %[3]d
max_client_conn = 300
`, s.dir, bouncerPort, size)
	if err := os.WriteFile(config, text, 0o644); err != nil { //nolint:gosec // it holds no secret, and another user reads it
		return nil, err
	}
	cmd := exec.Command(program, config)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.owner
	return cmd, nil
}

// BouncerSocket is the path of the socket that PgBouncer listens on.
func (s *Server) BouncerSocket() string {
	return filepath.Join(s.dir, ".s.PGSQL."+strconv.Itoa(bouncerPort))
}

// BouncerURL is the address of a database behind PgBouncer.
func (s *Server) BouncerURL(database string) string {
	query := url.Values{"host": {s.dir}, "port": {strconv.Itoa(bouncerPort)}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}
