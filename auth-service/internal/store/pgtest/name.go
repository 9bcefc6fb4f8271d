//go:build unix

package pgtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Name is an address of the test behind which there is one server, and later another one: what a DNS name, a virtual address or a
// proxy is where PostgreSQL fails over.
type Name struct {
	listener net.Listener
	mu       sync.Mutex
	socket   string // of the server behind it
	silent   bool
	open     map[*path]struct{}
}

// path is a connection of a client, and the one to the server that it leads to.
type path struct {
	client, server net.Conn
	lost           atomic.Bool // nothing arrives any more
}

// NewName makes a name for a server. It ends with the test.
func NewName(t testing.TB, s *Server) *Name {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &Name{listener: listener, socket: s.Socket(), open: map[*path]struct{}{}}
	go n.serve()
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		n.Cut()
	})
	return n
}

// URL is the address of a database behind the name.
func (n *Name) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: n.Address(), Path: database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Address is the host and port of the name.
func (n *Name) Address() string { return n.listener.Addr().String() }

// Lead has new connections lead to another server. Those that are open stay.
func (n *Name) Lead(s *Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.socket, n.silent = s.Socket(), false
}

// Silence lets nothing pass any more, neither over open connections nor over new ones, which are accepted. Nothing is closed either: so
// looks a network that loses every packet. After Lead, new connections work.
func (n *Name) Silence() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.silent = true
	for p := range n.open {
		p.lost.Store(true)
	}
}

// Cut closes all connections that are open.
func (n *Name) Cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p := range n.open {
		p.close()
	}
}

func (n *Name) serve() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		go n.forward(client)
	}
}

// forward joins a client and the server.
func (n *Name) forward(client net.Conn) {
	p := &path{client: client}
	defer p.close()
	if !n.enter(p) {
		return
	}
	defer n.leave(p)
	if p.server == nil {
		_, _ = io.Copy(io.Discard, client) // until the client gives up
		return
	}
	ended := make(chan error, 2)
	go func() { ended <- p.copy(p.server, client) }()
	go func() { ended <- p.copy(client, p.server) }()
	<-ended //nolint:errcheck // either end closes both
}

// enter connects to the server, unless it is silent, and reports whether that was possible.
func (n *Name) enter(p *path) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.silent {
		var d net.Dialer
		var err error
		if p.server, err = d.Dial("unix", n.socket); err != nil {
			return false
		}
	}
	n.open[p] = struct{}{}
	return true
}

func (n *Name) leave(p *path) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.open, p)
}

func (p *path) close() {
	_ = p.client.Close() // it may be closed already
	if p.server != nil {
		_ = p.server.Close()
	}
}

// copy copies until either end closes. What arrives after the path is lost is dropped.
func (p *path) copy(to io.Writer, from io.Reader) error {
	buffer := make([]byte, 32<<10)
	for {
		read, err := from.Read(buffer)
		if !p.lost.Load() {
			if _, err := to.Write(buffer[:read]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}
