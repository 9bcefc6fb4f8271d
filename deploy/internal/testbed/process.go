package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// readyGap is the time between two checks whether a process is ready.
const readyGap = 10 * time.Millisecond

// Spec says how to start a process, and how to see that it is ready.
type Spec struct {
	Name    string
	Command func() *exec.Cmd            // returns a new command for each start; its output goes to the log, unless the command has its own
	Ready   func(context.Context) error // returns nil when the process is ready
	// Relaunch: Process.Ready starts the program again if it ends before it is ready.
	Relaunch bool
	// Last is the signal that ends the process when the test ends; nil means SIGKILL.
	Last os.Signal
}

// Process is a program that can be ended and started again. Its methods may be called from any goroutine.
type Process struct {
	Name string
	// Log is the file with all that the process and its predecessors have written.
	Log string

	spec Spec

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
}

// New returns a process that has not been started. Its log lies in dir.
func New(dir string, s Spec) *Process {
	return &Process{Name: s.Name, spec: s, Log: filepath.Join(dir, s.Name+".log")}
}

// Launch starts a program that ends with the test. It does not wait until it is ready. A program that has panicked fails
// the test, and a test that fails shows the end of the program's log.
func Launch(t testing.TB, spec Spec) *Process {
	t.Helper()
	p := New(t.TempDir(), spec)
	t.Cleanup(func() { p.finish(t) })
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *Process) finish(t testing.TB) {
	t.Helper()
	last := p.spec.Last
	if last == nil {
		last = os.Kill
	}
	if err := p.end(last); err != nil {
		t.Error(errors.Join(err, p.Kill()))
	}
	if p.panicked() {
		t.Errorf("%s has panicked", p.Name)
	}
	if t.Failed() {
		t.Logf("the end of %s's log:\n%s", p.Name, p.Tail())
	}
}

// Start starts the process unless it runs. It does not wait until it is ready.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return nil
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd, ended, started := p.spec.Command(), make(chan struct{}), make(chan error)
	cmd.Stderr = log
	if cmd.Stdout == nil {
		cmd.Stdout = log
	}
	endWithTest(cmd)
	go func() {
		// The kernel ends the process when the thread that started it ends. So this thread stays and waits for it.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the caller has ended it, or reads ExitCode
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	p.cmd, p.ended = cmd, ended
	return nil
}

// Kill sends SIGKILL and waits for the end.
func (p *Process) Kill() error { return p.end(os.Kill) }

// Stop sends SIGTERM and waits for the end.
func (p *Process) Stop() error { return p.end(syscall.SIGTERM) }

// Signal sends a signal and does not wait.
func (p *Process) Signal(signal os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return fmt.Errorf("%s does not run", p.Name)
	}
	return p.cmd.Process.Signal(signal)
}

// PID is the id of the running process, 0 if it does not run.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return 0
	}
	return p.cmd.Process.Pid
}

// Ended returns a channel that is closed when the process that was started last ends.
func (p *Process) Ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// ExitCode waits for the end and returns the process's exit code, -1 after a signal.
func (p *Process) ExitCode() (int, error) {
	select {
	case <-p.Ended():
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(Patience):
		return 0, fmt.Errorf("%s still runs after %s", p.Name, Patience)
	}
}

// Ready waits until the process is ready. It is an error if it ends instead.
func (p *Process) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	tick := time.NewTicker(readyGap)
	defer tick.Stop()
	for {
		err := p.spec.Ready(ctx)
		if err == nil {
			return nil
		}
		if p.PID() == 0 {
			if !p.spec.Relaunch {
				return fmt.Errorf("%s has ended: %s", p.Name, p.Tail())
			}
			if err := p.Start(); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.Name, err)
		}
	}
}

// running is called with the lock held.
func (p *Process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *Process) end(signal os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return nil
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(Patience):
		return fmt.Errorf("%s still runs %s after %s", p.Name, Patience, signal)
	}
}
