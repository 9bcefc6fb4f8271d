package upstream

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"
)

// socketPrefix begins the address of a Unix socket.
const socketPrefix = "unix:/"

// SocketHost is the Host field for a Unix socket, which has no name.
const SocketHost = "localhost"

// place is where a replica is, and under which name.
type place struct {
	addr   string // host:port with a number for the host, or a socket
	host   string // the name in the configuration, as a Host field
	server string // the name alone, which a certificate has to be for
}

// hostField is host:port as a Host field: without the port that is the protocol's own.
func hostField(host, port, own string) string {
	if port != own {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// open opens a connection to a place.
func (r *Registry) open(ctx context.Context, addr string, timeout time.Duration) (net.Conn, error) {
	dialer := r.dialer
	dialer.Timeout, dialer.KeepAlive = timeout, time.Minute
	path, isSocket := strings.CutPrefix(addr, "unix:")
	if !isSocket {
		return dialer.DialContext(ctx, "tcp", addr)
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		conn, err := dialer.DialContext(bounded, "unix", path)
		if !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		// The server has to accept others first. TCP waits for that by itself.
		select {
		case <-bounded.Done():
			return nil, err
		case <-time.After(socketPause):
		}
	}
}

// socketPause is how long a Unix socket with a full queue is left alone.
const socketPause = 5 * time.Millisecond
