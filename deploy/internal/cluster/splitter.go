package cluster

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

const dialTimeout = time.Second

// splitter is one address for several replicas: each connection goes to the next one that accepts it.
type splitter struct {
	url      string
	replicas []string
	next     atomic.Uint32

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool // open ones, of both sides
}

// anyOf returns a base URL that leads to any of the processes.
func anyOf(t testing.TB, processes []*Process, base func(*Process) string) string {
	t.Helper()
	if len(processes) == 1 {
		return base(processes[0])
	}
	return split(t, processes, base).url
}

// split starts a splitter, also in front of a single process.
func split(t testing.TB, processes []*Process, base func(*Process) string) *splitter {
	t.Helper()
	s := &splitter{conns: map[net.Conn]bool{}}
	for _, p := range processes {
		s.replicas = append(s.replicas, strings.TrimPrefix(base(p), "http://"))
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", testbed.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go s.serve(l)
	s.url = "http://" + l.Addr().String()
	return s
}

// setCut(true) ends every connection and refuses new ones; setCut(false) accepts connections again.
func (s *splitter) setCut(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
	if cut {
		for conn := range s.conns {
			_ = conn.Close() // its goroutines see the error and end
		}
	}
}

// keep registers an open connection. It returns false if the connection must be closed.
func (s *splitter) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[conn] = true
	return !s.cut
}

func (s *splitter) drop(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	_ = conn.Close() // whatever state it is in
}

func (s *splitter) serve(l net.Listener) {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go s.join(client)
		}
	}
}

func (s *splitter) join(client net.Conn) {
	defer s.drop(client)
	if !s.keep(client) {
		return
	}
	first := s.next.Add(1)
	for i := range s.replicas {
		replica, err := net.DialTimeout("tcp", s.replicas[(int(first)+i)%len(s.replicas)], dialTimeout) //nolint:noctx // bounded
		if err != nil {
			continue
		}
		defer s.drop(replica)
		if !s.keep(replica) {
			return
		}
		// When one side ends, the other is closed too: HTTP closes whole connections, not one direction.
		done := make(chan struct{}, 2)
		for from, to := range map[net.Conn]net.Conn{client: replica, replica: client} {
			go func() {
				_, _ = io.Copy(to, from) // whatever ends it
				done <- struct{}{}
			}()
		}
		<-done
		_ = replica.Close() // unblocks the other direction
		return
	}
}
