package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/readyz"
)

// Config says what to start. The zero value is one of each on SQLite.
type Config struct {
	Gateways, Auths, Maths int  // 1 if 0; more than one auth-service needs Postgres
	Postgres               bool // otherwise SQLite

	// Settings for each replica of a service, like "JWT_TTL=5m". They override those that the cluster sets itself.
	Gateway, Auth, Math []string

	// Routes makes the gateways' routes file; nil for none.
	Routes func(mathURL string) string
}

// CheapPasswords are settings for auth-service with which passwords cost little, for tests that do not measure them.
func CheapPasswords() []string { return []string{"ARGON2_MEMORY_KIB=7168", "ARGON2_PASSES=1"} }

// Process is one replica of a service, or the database.
type Process struct {
	*testbed.Process

	URL, PrivateURL string   // empty for a database
	Settings        []string // with which it starts the next time, beside those of the Config
	Stdout          *os.File // where its log goes after the next start; nil: to the file
}

// Cluster is what runs. All of it ends with the test.
type Cluster struct {
	Gateways, Auths, Maths []*Process
	Database               *Process // nil on SQLite

	// AuthURL and AuthPrivateURL lead to any running replica of auth-service, like a host name with several addresses.
	AuthURL, AuthPrivateURL string
	// Secrets is the folder with the secrets and the keys of tokens, which all services read.
	Secrets string
	// StateDir is the folder that all gateways share.
	StateDir string
	// DatabaseURL is auth-service's setting.
	DatabaseURL string

	dir     string
	private *splitter
}

// Start starts everything and waits until it is ready. It copies the programs from bin/, so that a build while the test
// runs changes nothing. Without PostgreSQL's programs on this machine the test is skipped; in CI it fails.
func Start(t testing.TB, cfg Config) *Cluster {
	t.Helper()
	c := &Cluster{dir: t.TempDir()}
	c.Secrets, c.StateDir = filepath.Join(c.dir, "secrets"), filepath.Join(c.dir, "state")
	if err := c.prepare(); err != nil {
		t.Fatal(err)
	}
	c.DatabaseURL = "sqlite:" + filepath.Join(c.dir, "tallygate.db")
	if cfg.Postgres {
		database, url := testbed.StartPostgres(t)
		c.Database, c.DatabaseURL = &Process{Process: database}, url
	}
	for i := range max(cfg.Maths, 1) {
		c.Maths = append(c.Maths, c.service(t, "math-service", i, []string{"JWT_SECRET", "JWT_OTHER_SECRETS", "JWT_PUBLIC_KEYS"}, cfg.Math))
	}
	all := []string{"JWT_SECRET", "JWT_OTHER_SECRETS", "JWT_PUBLIC_KEYS", "INTERNAL_SECRET"}
	for i := range max(cfg.Auths, 1) {
		settings := append([]string{"DATABASE_URL=" + c.DatabaseURL}, cfg.Auth...)
		c.Auths = append(c.Auths, c.service(t, "auth-service", i, append(all, "JWT_SIGNING_KEY"), settings))
	}
	c.AuthURL = anyOf(t, c.Auths, func(p *Process) string { return p.URL })
	c.private = split(t, c.Auths, func(p *Process) string { return p.PrivateURL })
	c.AuthPrivateURL = c.private.url
	mathURL := anyOf(t, c.Maths, func(p *Process) string { return p.URL })
	var routes []string
	if cfg.Routes != nil {
		path := filepath.Join(c.dir, "routes.yaml")
		if err := os.WriteFile(path, []byte(cfg.Routes(mathURL)), 0o600); err != nil {
			t.Fatal(err)
		}
		routes = []string{"ROUTES_FILE=" + path}
	}
	for i := range max(cfg.Gateways, 1) {
		settings := append([]string{
			"AUTH_URL=" + c.AuthURL, "AUTH_PRIVATE_URL=" + c.AuthPrivateURL, "MATH_URL=" + mathURL, "STATE_DIR=" + c.StateDir,
		}, append(routes, cfg.Gateway...)...)
		c.Gateways = append(c.Gateways, c.service(t, "gateway", i, all, settings))
	}
	for _, p := range c.Services() {
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// CutOff separates the gateways from auth-service's private listener: open connections end, and new ones are refused
// until Reconnect.
func (c *Cluster) CutOff() { c.private.setCut(true) }

// Reconnect ends CutOff.
func (c *Cluster) Reconnect() { c.private.setCut(false) }

// Services is every process but the database.
func (c *Cluster) Services() []*Process {
	var all []*Process
	for _, some := range [][]*Process{c.Maths, c.Auths, c.Gateways} {
		all = append(all, some...)
	}
	return all
}

// CreateAdmin registers an administrator on the command line of auth-service.
func (c *Cluster) CreateAdmin(t testing.TB, name, password string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.dir, "auth-service"), "admin", "create", name)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+c.DatabaseURL)
	cmd.Stdin = strings.NewReader(password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("auth-service admin create %s: %v\n%s", name, err, out)
	}
}

// Run runs a command of a service on the cluster's database, like "auth-service", "ledger", "verify", and returns its
// output.
func (c *Cluster) Run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.dir, program), args...)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+c.DatabaseURL)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// prepare copies the programs and makes the secrets.
func (c *Cluster) prepare() error {
	for _, name := range []string{"auth-service", "math-service", "gateway"} {
		if err := copyProgram(testbed.Program(name), filepath.Join(c.dir, name)); err != nil {
			return fmt.Errorf("%w (make build makes the programs)", err)
		}
	}
	if err := os.Mkdir(c.Secrets, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"jwt_secret", "internal_secret"} {
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // never fails
		if err := os.WriteFile(filepath.Join(c.Secrets, name), []byte(hex.EncodeToString(secret)), 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"jwt_other_secrets", "jwt_public_keys", "jwt_signing_key"} {
		if err := os.WriteFile(filepath.Join(c.Secrets, name), nil, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// service starts one replica.
func (c *Cluster) service(t testing.TB, program string, replica int, secrets, settings []string) *Process {
	t.Helper()
	public, private := testbed.FreeAddress(t), testbed.FreeAddress(t)
	environ := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "ADDR=" + public, "PRIVATE_ADDR=" + private, "ACCESS_LOG=off"}
	for _, name := range secrets {
		environ = append(environ, name+"_FILE="+filepath.Join(c.Secrets, strings.ToLower(name)))
	}
	environ = append(environ, settings...)
	p := &Process{URL: "http://" + public, PrivateURL: "http://" + private}
	p.Process = testbed.Launch(t, testbed.Spec{
		Name: fmt.Sprintf("%s-%d", program, replica),
		Command: func() *exec.Cmd {
			cmd := exec.Command(filepath.Join(c.dir, program))
			cmd.Dir, cmd.Env = c.dir, slices.Concat(environ, p.Settings)
			if p.Stdout != nil {
				cmd.Stdout = p.Stdout
			}
			return cmd
		},
		Ready: func(ctx context.Context) error { return readyz.Check(ctx, private) },
	})
	return p
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o700) //nolint:gosec // a program must be executable
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
