package system_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// runner is a running `make run`, or the program behind it.
type runner struct {
	*testbed.Process

	base  string
	data  string
	ports map[string]string // variable: address or port
}

// listeners are the variables that give Tallygate free ports.
func listeners(t *testing.T) map[string]string {
	t.Helper()
	addrs := testbed.FreeAddresses(t, 6)
	_, port, err := net.SplitHostPort(addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"PORT": port, "PRIVATE_ADDR": addrs[1], "AUTH_URL": "http://" + addrs[2], "AUTH_PRIVATE_URL": "http://" + addrs[3],
		"MATH_URL": "http://" + addrs[4], "MATH_PRIVATE_ADDR": addrs[5],
	}
}

// startRunner starts the program behind `make run` with this folder for data.
func startRunner(t *testing.T, data string, settings ...string) *runner {
	t.Helper()
	return launch(t, data, settings, testbed.Program("tools/local"), "-bin", testbed.Program(""), "-data", data)
}

// startMake starts `make run` itself.
func startMake(t *testing.T, data string, settings ...string) *runner {
	t.Helper()
	return launch(t, data, settings, "make", "-s", "run", "DATA="+data)
}

// launch starts a command on free ports and ends it with the test, as Ctrl-C does.
func launch(t *testing.T, data string, settings []string, program string, args ...string) *runner {
	t.Helper()
	r := &runner{data: data, ports: listeners(t)}
	r.base = "http://localhost:" + r.ports["PORT"]
	environ := os.Environ()
	for name, value := range r.ports {
		environ = append(environ, name+"="+value)
	}
	environ = append(environ, settings...)
	r.Process = testbed.Launch(t, testbed.Spec{
		Name: "runner", Last: os.Interrupt,
		Command: func() *exec.Cmd {
			cmd := exec.Command(program, args...)
			cmd.Dir, cmd.Env, cmd.SysProcAttr = testbed.Root(), environ, ownGroup()
			return cmd
		},
	})
	return r
}

// waitReady waits until the runner prints that all is ready.
func (r *runner) waitReady(t *testing.T) {
	t.Helper()
	testbed.Eventually(t, "the runner to be ready", func() error {
		select {
		case <-r.Ended():
			t.Fatalf("ended before it was ready:\n%s", r.Output())
		default:
		}
		if out := r.Output(); !strings.Contains(out, "is ready at "+r.base) {
			return fmt.Errorf("its output: %s", out)
		}
		return nil
	})
}

// waitEnd waits until the runner has ended and returns its exit code.
func (r *runner) waitEnd(t *testing.T) int {
	t.Helper()
	code, err := r.ExitCode()
	if err != nil {
		t.Fatalf("%v; its output:\n%s", err, r.Output())
	}
	return code
}

// nobodyListens waits until every port of the runner is free again.
func (r *runner) nobodyListens(t *testing.T) {
	t.Helper()
	testbed.Eventually(t, "the ports to be free", func() error {
		for variable, addr := range r.ports {
			addr = strings.TrimPrefix(addr, "http://")
			if variable == "PORT" {
				addr = "127.0.0.1:" + addr
			}
			l, err := net.Listen("tcp", addr)
			if err != nil {
				return err
			}
			if err := l.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

// startWithRoot starts a runner, waits until it is ready, and makes root an administrator.
func startWithRoot(t *testing.T, settings ...string) *runner {
	t.Helper()
	r := startRunner(t, t.TempDir(), settings...)
	r.waitReady(t)
	r.administrator(t)
	return r
}

// register registers a user.
func register(t *testing.T, client *contract.Client, user contract.Credentials) {
	t.Helper()
	if got, err := client.Register(user); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// administrator makes root an administrator on the command line, with the password correct horse.
func (r *runner) administrator(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Program("auth-service"), "admin", "create", "root")
	cmd.Stdin = strings.NewReader("correct horse")
	cmd.Env = []string{"DATABASE_URL=sqlite:" + filepath.Join(r.data, "tallygate.db")}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
