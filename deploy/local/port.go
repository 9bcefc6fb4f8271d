package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// checkPorts reports the first address that cannot be listened on, and how to choose another.
func checkPorts(ctx context.Context, command string, services []service) error {
	users := map[string]string{} // by address
	for _, s := range services {
		for _, l := range []listener{s.public, s.private} {
			if other, ok := users[l.addr]; ok {
				return fmt.Errorf("%s is given to both %s and %s: choose another port with %s", l.addr, other, s.name, suggestion(ctx, command, l))
			}
			users[l.addr] = s.name
			if err := checkPort(ctx, command, s.name, l); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkPort(ctx context.Context, command, service string, l listener) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", l.addr)
	if err == nil {
		return ln.Close()
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s, the address of %s, is taken by another program (perhaps by an earlier `%s`): stop it, or choose another port with %s",
			l.addr, service, command, suggestion(ctx, command, l))
	}
	return fmt.Errorf("%s cannot listen on %s (%w): choose another address with %s", service, l.addr, err, suggestion(ctx, command, l))
}

// suggestion is a command that makes the listener use another port, one that is free now.
func suggestion(ctx context.Context, command string, l listener) string {
	free := 18000
	var lc net.ListenConfig
	if ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0"); err == nil {
		free = ln.Addr().(*net.TCPAddr).Port
		_ = ln.Close() // only its port was needed
	}
	return fmt.Sprintf("`%s=%s %s`", l.variable, fmt.Sprintf(l.moved, free), command)
}
