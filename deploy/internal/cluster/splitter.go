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
	conns map[net.Conn]bool // both sides' open ones
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

// part ends every connection and refuses new ones, or, with false, lets them through again.
func (s *splitter) part(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
	if cut {
		for conn := range s.conns {
			_ = conn.Close() // the ones who use it see to the rest
		}
	}
}

// keep notes an open connection; false means that it has to be closed.
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
		// When either side is gone, so is the other: HTTP's ends close whole connections.
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
