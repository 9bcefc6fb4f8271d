package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"tallygate/kit/env"
)

// launcher is what starts the services: how a person started it, the folder of the programs, and the folder for data.
type launcher struct{ command, binDir, dataDir string }

// run starts the services and returns when they have ended. It returns nil if it ended them because ctx ended. Call it on
// a thread that lives as long as the program.
func (l launcher) run(ctx context.Context, lookup env.Lookup, out io.Writer) error {
	began := time.Now()
	services, err := plan(lookup, l.dataDir)
	if err != nil {
		return err
	}
	if err := checkPorts(ctx, l.command, services); err != nil {
		return err
	}
	secretsDir := filepath.Join(l.dataDir, "secrets")
	if err := makeSecrets(ctx, l.binDir, secretsDir); err != nil {
		return err
	}

	exits := make(chan *process, len(services))
	var started []*process
	defer func() { stopAll(started) }()
	for _, s := range services {
		p, err := l.start(s, s.environ(os.Environ(), secretsDir), exits)
		if err != nil {
			return err
		}
		started = append(started, p)
	}

	ready, cancel := context.WithCancel(ctx)
	defer cancel()
	becameReady := make(chan error, 1)
	go func() { becameReady <- waitReady(ready, services, out) }()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(out, "\nStopping.")
			return nil
		case p := <-exits:
			return p.failure()
		case err := <-becameReady:
			if err != nil && !errors.Is(err, context.Canceled) {
				return err
			}
			if err == nil {
				prefix, _ := lookup("BUILTIN_PREFIX")
				greet(out, services[len(services)-1].public.addr, prefix, l.dataDir, time.Since(began))
			}
			becameReady = nil
		}
	}
}

// makeSecrets runs auth-service to make the missing secrets, in files that only this user can read.
func makeSecrets(ctx context.Context, binDir, dir string) error {
	out, err := exec.CommandContext(ctx, filepath.Join(binDir, "auth-service"), "secrets", "init", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make the secrets in %s: %w: %s", dir, err, strings.TrimSpace(string(out)))
	}
	return nil
}
