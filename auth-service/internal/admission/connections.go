package admission

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"tallygate/kit/httpd"
)

// Server is an http.Server with a bounded number of connections. At the bound the connection that has rested longest makes room
// for a new one: one without a request, or whose request's head is not complete. Those of trusted proxies rest as long as
// there are others. If none rests, the new one gets 503 and is closed.
type Server struct {
	*http.Server
	conns *connections
}

// NewServer bounds the connections of a server, which must not have a ConnState hook.
func NewServer(server *http.Server, most int, trusted []netip.Prefix) *Server {
	c := &connections{most: most, trusted: trusted, open: map[net.Conn]*list.Element{}, resting: list.New()}
	server.ConnState = c.note
	return &Server{Server: server, conns: c}
}

// Serve is http.Server's Serve.
func (s *Server) Serve(l net.Listener) error {
	return s.Server.Serve(&listener{Listener: l, conns: s.conns})
}

type connections struct {
	most    int
	trusted []netip.Prefix

	mu      sync.Mutex
	open    map[net.Conn]*list.Element // its element in resting, or nil while it has a request
	resting *list.List                 // the longest first
	refused uint64                     // and those that made room
}

// note follows the states of connections.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, known := c.open[conn]
	if !known {
		return
	}
	if at != nil {
		c.resting.Remove(at)
		c.open[conn] = nil
	}
	switch state {
	case http.StateNew, http.StateIdle:
		c.open[conn] = c.resting.PushBack(conn)
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

// admit reports whether a new connection may be served, and makes room for it.
func (c *connections) admit(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.most {
		c.refused++
		longest := c.longest()
		if longest == nil {
			return false
		}
		resting, _ := longest.Value.(net.Conn)
		c.resting.Remove(longest)
		delete(c.open, resting)
		_ = resting.Close() // its server notices
	}
	c.open[conn] = nil
	return true
}

func (c *connections) longest() *list.Element {
	for at := c.resting.Front(); at != nil; at = at.Next() {
		conn, _ := at.Value.(net.Conn)
		if peer, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil && !httpd.Trusted(c.trusted, peer.Addr().Unmap()) {
			return at
		}
	}
	return c.resting.Front()
}

func (c *connections) counts() (open int, refused uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open), c.refused
}

// listener refuses connections past the bound.
type listener struct {
	net.Listener
	conns *connections
}

// busyResponse is for a connection that is not served: nothing of its request was read.
const busyResponse = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || l.conns.admit(conn) {
			return conn, err
		}
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second)) // the client may be gone: nothing is owed to it
		_, _ = conn.Write([]byte(busyResponse))
		_ = conn.Close()
	}
}
