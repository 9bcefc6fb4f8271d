package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

const (
	pollGap = 10 * time.Millisecond
	// shownBytes is how much of a log's end a failed test shows, and how many of its errors.
	shownBytes, shownErrors = 4 << 10, 20
)

// Process is one program that can be ended and started again. Its methods may be called from any goroutine.
type Process struct {
	Name            string
	URL, PrivateURL string // empty for a database
	// Log is the file with all that the process and its predecessors have said.
	Log string

	command  func() *exec.Cmd
	ready    func(context.Context) error
	relaunch bool // Ready starts it again if it ends

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
}

func newProcess(t testing.TB, name string, command func() *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Name: name, Log: filepath.Join(t.TempDir(), name+".log"), command: command}
	t.Cleanup(func() {
		if err := p.end(os.Kill); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the end of %s's log:\n%s", name, p.said())
		}
	})
	return p
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
	cmd, ended, started := p.command(), make(chan struct{}), make(chan error)
	cmd.Stdout, cmd.Stderr = log, log
	endWithTest(cmd)
	go func() {
		// The kernel ends the process with the thread that started it: this one, which waits for it.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is the caller's doing
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	p.cmd, p.ended = cmd, ended
	return nil
}

// Kill ends the process as kill -9 does and waits until it is gone.
func (p *Process) Kill() error { return p.end(os.Kill) }

// Stop asks the process to end, as kill does, and waits until it has.
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

// Ready waits until the process says that it is ready. It is an error if it ends instead.
func (p *Process) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, testbed.Patience)
	defer cancel()
	tick := time.NewTicker(pollGap)
	defer tick.Stop()
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		if p.PID() == 0 {
			if !p.relaunch {
				return fmt.Errorf("%s has ended: %s", p.Name, p.said())
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
	case <-time.After(testbed.Patience):
		return fmt.Errorf("%s still runs %s after %s", p.Name, testbed.Patience, signal)
	}
}

// said is the log's errors, and its end.
func (p *Process) said() string {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	var errs []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"level":"ERROR"`) && len(errs) < shownErrors {
			errs = append(errs, line)
		}
	}
	return strings.Join(errs, "") + "…\n" + string(text[max(0, len(text)-shownBytes):])
}

func askReady(ctx context.Context, base string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return err
	}
	// A connection of its own: a kept one may lead to the process's predecessor.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body) // for people
		return fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	return nil
}
