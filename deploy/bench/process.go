package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/readyz"
)

// clockTick is the unit of times in /proc: USER_HZ is 100 on every Linux that runs Go.
const clockTick = 10 * time.Millisecond

// process is a program under measurement, with its workers if it has any.
type process struct{ *testbed.Process }

// start starts a program with its output in a file of the bench's folder, and waits until it is ready.
func (b *bench) start(ctx context.Context, ready func(context.Context) error, environ []string, program string, args ...string) (*process, error) {
	p := &process{testbed.New(b.dir, testbed.Spec{
		Name: filepath.Base(program),
		Command: func() *exec.Cmd {
			cmd := exec.Command(program, args...)
			cmd.Env = append(os.Environ(), environ...)
			return cmd
		},
		Ready: ready,
	})}
	if err := p.Start(); err != nil {
		return nil, err
	}
	b.running = append(b.running, p)
	return p, p.Ready(ctx)
}

// stop ends the program and its workers, and waits for the end.
func (p *process) stop() { _ = p.Stop() } // it may have ended by itself

// cpu is the time that the program and its children have used so far.
func (p *process) cpu() time.Duration {
	pid := p.PID()
	total := ticks(pid)
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for child := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			total += ticks(pid)
		}
	}
	return total
}

func ticks(pid int) time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // it has ended: 0
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

// memory is the resident memory that is the program's own, in bytes.
func (p *process) memory() int64 {
	bytes, _ := testbed.ResidentMemory(p.PID()) // it has ended: 0
	return bytes
}

// readyOn waits for a service to be ready, by its private listener.
func readyOn(private string) func(context.Context) error {
	return func(ctx context.Context) error { return readyz.Check(ctx, private) }
}

// listeningOn waits for a program to accept connections.
func listeningOn(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}
