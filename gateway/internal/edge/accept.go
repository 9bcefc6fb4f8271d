package edge

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"tallygate/gateway/internal/wire"
)

// acceptPause is how long accepting pauses when nothing can be done about an error.
const acceptPause = 50 * time.Millisecond

// Serve accepts connections until Shutdown has ended, and then returns nil. It never stops accepting: a client that cannot be
// served is told so.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listener = l
	s.mu.Unlock()
	spares := newSpares()
	defer spares.close()
	for {
		nc, err := l.Accept()
		switch {
		case err == nil && spares.fill():
			s.arrive(nc)
		case err == nil:
			s.refuse(nc, noDescriptors, peerOf(nc))
		case s.closing.Load() || errors.Is(err, net.ErrClosed):
			<-s.base.Done() // service.Run would treat a return as a failure
			return nil
		case wire.ShortageIn(err) == wire.NoDescriptors:
			s.acceptShort(spares)
		default:
			if n, due := s.failed.due(); due {
				s.cfg.Log.Warn("accept", "error", err, "count", n)
			}
			s.pause()
		}
	}
}

// acceptShort makes it possible to accept a connection when there is no descriptor for one: by closing a connection that rests, or
// else with a spare descriptor, for a client that is refused.
func (s *Server) acceptShort(spares *spares) {
	if n, due := s.failed.due(); due {
		s.cfg.Log.Warn("no descriptor is left for another connection: raise the limit of open files", "count", n)
	}
	switch {
	case s.MakeRoom():
		s.pause()
	case !spares.release():
		s.pause()
	}
}

// MakeRoom closes the connection that has rested longest, and reports whether there was one. It is for whoever needs a
// descriptor.
func (s *Server) MakeRoom() bool { return s.clients.evict() }

// open serves a connection of the peer, or refuses it.
func (s *Server) open(nc net.Conn, peer netip.Addr) {
	place, why := s.clients.admit(peer)
	switch {
	case why == admitted:
		s.begin(nc, peer, place)
	case place.soon:
		s.openSoon(nc, peer)
	default:
		s.refuse(nc, why, peer)
	}
}

// openSoon tries once more when the new connections that stand in the way have had time to send their first request.
func (s *Server) openSoon(nc net.Conn, peer netip.Addr) {
	select {
	case s.told <- struct{}{}:
	default:
		s.refuse(nc, allTaken, peer)
		return
	}
	time.AfterFunc(firstRequestAfter, func() {
		<-s.told
		if place, why := s.clients.admit(peer); why != admitted {
			s.refuse(nc, why, peer)
		} else {
			s.begin(nc, peer, place)
		}
	})
}

// begin serves a connection in the place that it was admitted to.
func (s *Server) begin(nc net.Conn, peer netip.Addr, place place) {
	if place.evicted {
		if n, due := s.crowded.due(); due {
			s.cfg.Log.Warn("MAX_CONNECTIONS is reached: connections that rest are closed", "count", n)
		}
	}
	if s.cfg.TLS != nil {
		nc = tls.Server(wire.BelowTLS(nc), s.cfg.TLS)
	}
	c := newConn(s, nc, peer)
	c.place = place
	s.cfg.Budget.Take(c.weight())
	s.clients.add(c)
	s.cfg.Metrics.open.Inc()
	if c.tls != nil {
		go c.shakeHands()
		return
	}
	go c.serve()
}

func (s *Server) closed(c *conn) {
	s.cfg.Metrics.open.Dec()
	s.cfg.Budget.GiveBack(c.weight())
	s.clients.remove(c)
}

// peerOf is the address at the other end; not valid if there is none.
func peerOf(nc net.Conn) netip.Addr {
	if tcp, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// pause waits until a connection has been closed, but not for long.
func (s *Server) pause() {
	select {
	case <-s.clients.left:
	case <-s.base.Done():
	case <-time.After(acceptPause):
	}
}

// spareFiles is how many refused clients can be told at the same time that no descriptor is left.
const spareFiles = 16

// spares are descriptors that are kept for when there is no other.
type spares struct{ files []*os.File }

func newSpares() *spares {
	s := new(spares)
	s.fill()
	return s
}

// fill replaces those that were released, and reports whether all are there.
func (s *spares) fill() bool {
	for len(s.files) < spareFiles {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return false
		}
		s.files = append(s.files, f)
	}
	return true
}

// release makes a descriptor free, and reports whether there was one.
func (s *spares) release() bool {
	end := len(s.files) - 1
	if end < 0 {
		return false
	}
	_ = s.files[end].Close() // nothing was written
	s.files = s.files[:end]
	return true
}

func (s *spares) close() {
	for s.release() {
	}
}
