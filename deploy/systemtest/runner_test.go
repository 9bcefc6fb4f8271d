package systemtest_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait: far more than is needed, as the machine may be busy.
const patience = 60 * time.Second

// runner is a started `make run`, or the program behind it.
type runner struct {
	cmd   *exec.Cmd
	base  string
	data  string
	ports map[string]string // variable: address or port
	ended chan struct{}
	err   error // after ended

	mu  sync.Mutex
	out bytes.Buffer
}

// Write takes the runner's output.
func (r *runner) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(p)
}

func (r *runner) output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

// listeners are the variables that place Tallygate on free ports.
func listeners(t *testing.T) map[string]string {
	t.Helper()
	addrs := freeAddrs(t, 6)
	_, port, err := net.SplitHostPort(addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"PORT": port, "PRIVATE_ADDR": addrs[1], "AUTH_URL": "http://" + addrs[2], "AUTH_PRIVATE_URL": "http://" + addrs[3],
		"MATH_URL": "http://" + addrs[4], "MATH_PRIVATE_ADDR": addrs[5],
	}
}

// freeAddrs returns addresses of this machine on which nobody listens.
func freeAddrs(t *testing.T, count int) []string {
	t.Helper()
	var addrs []string
	for range count {
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // after all are chosen, so that no two are the same
		addrs = append(addrs, l.Addr().String())
	}
	return addrs
}

// startRunner starts the program behind `make run` over a folder for data.
func startRunner(t *testing.T, data string, settings ...string) *runner {
	t.Helper()
	return launch(t, exec.CommandContext(context.WithoutCancel(t.Context()), program("tools/local"),
		"-bin", program(""), "-data", data), data, settings...)
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
	cmd.Dir = root()
	cmd.Env = os.Environ()
	for name, value := range r.ports {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, settings...)
	cmd.Stdout, cmd.Stderr = r, r
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = patience
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
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Errorf("did not end within %s; it said:\n%s", patience, r.output())
		}
	})
	return r
}

// waitReady waits until the runner says that all is ready.
func (r *runner) waitReady(t *testing.T) {
	t.Helper()
	eventually(t, "the runner to be ready", func() error {
		select {
		case <-r.ended:
			t.Fatalf("ended before it was ready: %v\n%s", r.err, r.output())
		default:
		}
		if out := r.output(); !strings.Contains(out, "is ready at "+r.base) {
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
	case <-time.After(patience):
		t.Fatalf("still running; it said:\n%s", r.output())
	}
	return r.cmd.ProcessState.ExitCode()
}

// eventually waits until check returns nil.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("waiting for %s: %v", what, err)
		case <-tick.C:
		}
	}
}

// nobodyListens waits until every port of the runner is free again.
func (r *runner) nobodyListens(t *testing.T) {
	t.Helper()
	eventually(t, "the ports to be free", func() error {
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
