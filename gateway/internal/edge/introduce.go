package edge

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"tallygate/gateway/internal/proxyproto"
	"tallygate/kit/httpd"
)

const (
	// introduceTimeout is how long a trusted proxy may take to introduce a client. It sends the header with the connection.
	introduceTimeout = 5 * time.Second
	// maxIntroducing is how many connections wait for their headers at the same time.
	maxIntroducing = 4096
)

// arrive opens a connection as its client's. With the PROXY protocol that is whom a trusted proxy introduces. The header
// comes before everything: whose share of the connections it is, and TLS.
func (s *Server) arrive(nc net.Conn) {
	peer := peerOf(nc)
	if !s.cfg.ProxyProtocol || !httpd.Trusted(s.cfg.Trusted, peer) {
		s.open(nc, peer)
		return
	}
	select {
	case s.introducing <- struct{}{}:
		go func() {
			client, err := introduced(nc)
			<-s.introducing
			if err != nil {
				dismiss(nc, peer, err, s.cfg.Log, &s.unknown)
				return
			}
			s.open(nc, client)
		}()
	default:
		s.refuse(nc, allTaken, peer)
	}
}

// introduced is the address of the client whom the header at the beginning of a connection names: the peer's if it names none.
func introduced(nc net.Conn) (netip.Addr, error) {
	if err := nc.SetReadDeadline(time.Now().Add(introduceTimeout)); err != nil {
		return netip.Addr{}, err
	}
	client, err := proxyproto.Read(nc)
	if err != nil {
		return netip.Addr{}, err
	}
	if !client.IsValid() {
		client = peerOf(nc)
	}
	return client, nc.SetReadDeadline(time.Time{})
}

// dismiss closes a connection of a trusted proxy that introduces nobody. One that ends without a byte is a balancer's check
// whether somebody listens.
func dismiss(nc net.Conn, peer netip.Addr, err error, log *slog.Logger, said *notice) {
	defer nc.Close()
	if errors.Is(err, io.EOF) {
		return
	}
	if n, due := said.due(); due {
		log.Warn("a trusted proxy has sent no valid PROXY header", "proxy", peer.String(), "error", err, "count", n)
	}
}

// introducedListener is for net/http: it reads the headers when the connections are served.
type introducedListener struct {
	net.Listener

	trusted []netip.Prefix
	log     *slog.Logger
	unknown notice
}

// Accept waits for a connection.
func (l *introducedListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil || !httpd.Trusted(l.trusted, peerOf(nc)) {
		return nc, err
	}
	c := &introducedConn{Conn: nc}
	c.introduce = sync.OnceValues(func() (net.Addr, error) {
		client, err := introduced(nc)
		if err != nil {
			dismiss(nc, peerOf(nc), err, l.log, &l.unknown)
			return nc.RemoteAddr(), err
		}
		return &net.TCPAddr{IP: client.AsSlice()}, nil
	})
	return c, nil
}

type introducedConn struct {
	net.Conn

	introduce func() (client net.Addr, err error)
}

// RemoteAddr is the client's address. It waits for the header.
func (c *introducedConn) RemoteAddr() net.Addr {
	client, _ := c.introduce() // Read returns the error
	return client
}

// Read reads what follows the header.
func (c *introducedConn) Read(p []byte) (int, error) {
	if _, err := c.introduce(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}
