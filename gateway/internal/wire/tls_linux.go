package wire

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// belowTLS is the TCP connection below a tls.Conn. crypto/tls waits for a record in the middle of Read, with the caller's
// memory in hand. Here the wait can be turned off: then Read ends with errNothingYet, and the Conn above waits for the
// descriptor instead. crypto/tls keeps what it has of a record, because the error is temporary.
type belowTLS struct {
	*net.TCPConn

	fd     int
	eager  bool // Read does not wait
	unread int  // bytes that have come since crypto/tls last had data for a reader
}

// maxUnread bounds what a peer can have crypto/tls keep. A record has up to 16 KiB, and a handshake with long certificates
// has less than this. Without the bound, the beginning of a handshake message makes it keep 64 KiB.
const maxUnread = 36 << 10

// errTooMuchUnread is permanent: crypto/tls reads no more.
var errTooMuchUnread = errors.New("more TLS messages than are allowed before data")

// room is the part of p that is read into. A peer that sends data fast is never read so far ahead that it seems to send none:
// among that many bytes there is a whole record.
func (b *belowTLS) room(p []byte) ([]byte, error) {
	left := maxUnread - b.unread
	if left <= 0 {
		return nil, errTooMuchUnread
	}
	return p[:min(len(p), left)], nil
}

// nothingYet is a net.Error, by which crypto/tls tells what is temporary.
type nothingYet struct{}

func (nothingYet) Error() string   { return "nothing has come yet" }
func (nothingYet) Timeout() bool   { return true }
func (nothingYet) Temporary() bool { return true }

// BelowTLS is for a connection that crypto/tls is to speak on: with it, a Conn waits for a client without a buffer.
func BelowTLS(nc net.Conn) net.Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nc
	}
	b := &belowTLS{TCPConn: tcp, fd: -1}
	if raw, err := tcp.SyscallConn(); err != nil || raw.Control(func(fd uintptr) { b.fd = int(fd) }) != nil {
		return nc
	}
	return b
}

func (b *belowTLS) tcp() *net.TCPConn { return b.TCPConn }

// Read reads what has come. Unless it is eager, it waits for it.
func (b *belowTLS) Read(p []byte) (int, error) {
	p, err := b.room(p)
	if err != nil {
		return 0, err
	}
	if !b.eager {
		n, err := b.TCPConn.Read(p)
		b.unread += n
		return n, err
	}
	n, errno := sysRead(b.fd, p)
	switch {
	case errno == syscall.EAGAIN:
		return 0, nothingYet{}
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, io.EOF
	}
	b.unread += n
	return n, nil
}

// take reads from the connection above what has come, and does not wait: if nothing has, again is true.
func (b *belowTLS) take(above net.Conn, p []byte) (n int, again bool, err error) {
	b.eager = true
	n, err = above.Read(p)
	b.eager = false
	if n > 0 {
		b.unread = 0
		return n, false, nil
	}
	if _, nothing := errors.AsType[nothingYet](err); nothing {
		return 0, true, nil
	}
	return 0, false, err
}

// idle reports whether nothing has come on the connection above but what TLS itself needs, like a session ticket.
func (b *belowTLS) idle(above net.Conn) bool {
	n, again, _ := b.take(above, make([]byte, 1)) // an error ends the connection
	return n == 0 && again
}

// tlsBelow is what is below a TLS connection, if BelowTLS has made it.
func tlsBelow(nc net.Conn) *belowTLS {
	if above, ok := nc.(interface{ NetConn() net.Conn }); ok {
		b, _ := above.NetConn().(*belowTLS)
		return b
	}
	return nil
}
