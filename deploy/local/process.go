package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long a service may take to end after SIGTERM: its own timeout, and a little more.
const stopTimeout = 25 * time.Second

// startMark begins a line of the log that separates one start from the next.
const startMark = "=== start"

// maxLogBytes is the largest log that the next start continues. It renames a larger one to .old.
const maxLogBytes = 10 << 20

// process is a service that was started.
type process struct {
	name    string
	logPath string
	cmd     *exec.Cmd
	ended   chan struct{} // closed when it has ended; err is set before
	err     error
}

// start starts a service that writes to a log file. When the service ends, start's goroutine sends it to exits.
func (l launcher) start(s service, environ []string, exits chan<- *process) (*process, error) {
	logPath := filepath.Join(l.dataDir, "logs", s.name+".log")
	log, err := openLog(logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if _, err := fmt.Fprintln(log, startMark, time.Now().UTC().Format(time.RFC3339)); err != nil {
		return nil, fmt.Errorf("write %s: %w", logPath, err)
	}

	cmd := exec.Command(filepath.Join(l.binDir, s.name))
	cmd.Env = environ
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = endsWithUs()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	p := &process{name: s.name, logPath: logPath, cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
		exits <- p
	}()
	return p, nil
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for logs: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("set the old log aside: %w", err)
		}
	}
	log, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return log, nil
}

// failure says which service ended and why, with the last lines of its log.
func (p *process) failure() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended by itself (%s), so the others were stopped too. Its last lines (%s):\n%s",
		p.name, how, p.logPath, lastLines(p.logPath, 5))
}

// lastLines are the last lines of a log since its service was started.
func lastLines(path string, count int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "  (" + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range slices.Backward(lines) {
		if strings.HasPrefix(line, startMark) {
			lines = lines[i+1:]
			break
		}
	}
	if len(lines) == 0 {
		return "  (it wrote nothing)"
	}
	return "  " + strings.Join(lines[max(0, len(lines)-count):], "\n  ")
}

// stopAll ends the services in the reverse order of their start, so that the gateway can still deliver its last counts to
// auth-service.
func stopAll(started []*process) {
	for _, p := range slices.Backward(started) {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			_ = p.cmd.Process.Kill() // a platform without SIGTERM
		}
		timer := time.NewTimer(stopTimeout)
		select {
		case <-p.ended:
		case <-timer.C:
			_ = p.cmd.Process.Kill() // an error means that it has ended meanwhile
			<-p.ended
		}
		timer.Stop()
	}
}
