package system_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// runner is a started `make run`, or the program behind it.
type runner struct {
	cmd   *exec.Cmd
	base  string
	data  string
	ports map[string]string // variable: address or port
	ended chan struct{}
	err   error // after ended

	out testbed.Output
}

// listeners are the variables that place Tallygate on free ports.
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

// startRunner starts the program behind `make run` over a folder for data.
func startRunner(t *testing.T, data string, settings ...string) *runner {
	t.Helper()
	return launch(t, exec.CommandContext(context.WithoutCancel(t.Context()), testbed.Program("tools/local"),
		"-bin", testbed.Program(""), "-data", data), data, settings...)
}

// startMake starts `make run` itself.
func startMake(t *testing.T, data string, settings ...string) *runner {
	t.Helper()
	return launch(t, exec.CommandContext(context.WithoutCancel(t.Context()), "make", "-s", "run", "DATA="+data), data, settings...)
}

// launch starts a command on free ports and ends it with the test.
func launch(t *testing.T, cmd *exec.Cmd, data string, settings ...string) *runner {
	t.Helper()
	r := &runner{cmd: cmd, data: data, ports: listeners(t), ended: make(chan struct{})}
	cmd.Dir = testbed.Root()
	cmd.Env = os.Environ()
	for name, value := range r.ports {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, settings...)
	cmd.Stdout, cmd.Stderr = &r.out, &r.out
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = testbed.Patience
	r.base = "http://localhost:" + r.ports["PORT"]
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		r.err = cmd.Wait()
		close(r.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		select {
		case <-r.ended:
		case <-time.After(testbed.Patience):
			_ = cmd.Process.Kill()
			t.Errorf("did not end within %s; it said:\n%s", testbed.Patience, r.out.String())
		}
	})
	return r
}

// waitReady waits until the runner says that all is ready.
func (r *runner) waitReady(t *testing.T) {
	t.Helper()
	testbed.Eventually(t, "the runner to be ready", func() error {
		select {
		case <-r.ended:
			t.Fatalf("ended before it was ready: %v\n%s", r.err, r.out.String())
		default:
		}
		if out := r.out.String(); !strings.Contains(out, "is ready at "+r.base) {
			return fmt.Errorf("it said: %s", out)
		}
		return nil
	})
}

// waitEnd waits until the runner has ended and returns its exit code.
func (r *runner) waitEnd(t *testing.T) int {
	t.Helper()
	select {
	case <-r.ended:
	case <-time.After(testbed.Patience):
		t.Fatalf("still running; it said:\n%s", r.out.String())
	}
	return r.cmd.ProcessState.ExitCode()
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
