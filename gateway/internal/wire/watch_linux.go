package wire

import (
	"net"

	"golang.org/x/sys/unix"
)

// goneClients asks the kernel, for many clients at once, whether they have closed their connection.
type goneClients struct {
	polled  []unix.PollFd
	clients []polledClient
}

// polledClient is a client, and what is stopped if it is gone: the upstream's connection that it waits for, or its own
// if it is idle.
type polledClient struct {
	client, stops *Conn
	seen          deadline // of stops
}

func (g *goneClients) reset() { g.polled, g.clients = g.polled[:0], g.clients[:0] }

func (g *goneClients) add(client, stops *Conn, seen deadline) {
	if client.pollFD < 0 {
		return
	}
	g.polled = append(g.polled, unix.PollFd{Fd: int32(client.pollFD), Events: unix.POLLRDHUP})
	g.clients = append(g.clients, polledClient{client, stops, seen})
}

// stop stops the work for clients that are gone. A connection that has another use by now has another deadline, and is
// not stopped. A client whose sending direction has ended is gone if it is idle. Otherwise it is sent the next byte, and if it is
// gone, the next look finds its reset.
func (g *goneClients) stop(now int64) {
	if len(g.polled) == 0 {
		return
	}
	if n, err := unix.Poll(g.polled, 0); err != nil || n == 0 {
		return // interrupted: the next look asks again
	}
	for i, p := range g.polled {
		c := g.clients[i]
		switch {
		case p.Revents == 0 || c.client != c.stops && c.client.serves.Load() != c.stops:
		case c.client == c.stops || p.Revents&(unix.POLLERR|unix.POLLHUP) != 0:
			c.stops.stop(c.seen, ClientGone)
		default:
			c.client.sendProbe(now)
		}
	}
}

// sendProbe sends the client the next byte. If nothing is on its way to it, there is room for that.
func (c *Conn) sendProbe(now int64) {
	if c.Stopped() != 0 || c.untaken() > 0 {
		return
	}
	next, state, ok := c.probe.take(now)
	if !ok {
		return
	}
	if c.fd < 0 {
		n, _ := c.net.Write([]byte{next}) // TLS; an error will last
		c.probe.put(state, now, n > 0)
		return
	}
	n, _ := sysWrite(c.fd, []byte{next})
	c.probe.put(state, now, n > 0)
}

// taken is how many bytes the peer has acknowledged.
func (c *Conn) taken() uint64 { return c.tcpInfo().Bytes_acked }

// come is how many bytes the peer has sent.
func (c *Conn) come() uint64 { return c.tcpInfo().Bytes_received }

// tcpInfo is what the kernel knows about the connection; all zero if it cannot be asked.
func (c *Conn) tcpInfo() *unix.TCPInfo {
	if c.pollFD >= 0 {
		if info, err := unix.GetsockoptTCPInfo(c.pollFD, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			return info
		}
	}
	return &unix.TCPInfo{}
}

// untaken is how many bytes the peer has not acknowledged, and unsent how many have not even been sent to it.
func (c *Conn) untaken() int { return c.queued(unix.SIOCOUTQ) }

func (c *Conn) unsent() int { return c.queued(unix.SIOCOUTQNSD) }

// unread is how many bytes have come that nobody has read.
func (c *Conn) unread() int { return c.queued(unix.SIOCINQ) }

func (c *Conn) queued(request uint) int {
	if c.pollFD < 0 {
		return 0
	}
	n, err := unix.IoctlGetInt(c.pollFD, request)
	if err != nil {
		return 0
	}
	return n
}

// LimitUnsent bounds what the kernel holds for a peer that does not let it be sent: a write waits when there is so much. What was
// sent and not acknowledged is bounded by the peer's window.
func (c *Conn) LimitUnsent(bytes int) {
	if c.pollFD >= 0 {
		_ = unix.SetsockoptInt(c.pollFD, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes) // then the kernel's own bound holds
	}
}

// ReadNow reads what has come on a connection, without waiting for more.
func ReadNow(nc net.Conn, p []byte) (n int) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return 0
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Read(func(fd uintptr) bool { // without a byte, an error makes no difference
		n, _ = sysRead(int(fd), p)
		return true
	})
	return n
}
