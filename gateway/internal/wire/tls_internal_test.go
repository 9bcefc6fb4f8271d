//go:build linux

package wire

import (
	"errors"
	"net"
	"testing"
)

// keeper is above a belowTLS and keeps what it reads, as crypto/tls keeps the beginning of a message. Every 16 KiB it has
// data for its reader, if it yields.
type keeper struct {
	net.Conn

	yields bool
	kept   int
}

func (k *keeper) Read(p []byte) (int, error) {
	for {
		n, err := k.Conn.Read(p)
		if err != nil {
			return 0, err
		}
		if k.kept += n; k.yields && k.kept >= 16<<10 {
			k.kept -= 16 << 10
			return 1, nil
		}
	}
}

// TestAPeerCannotHaveTLSKeepMuch: one that sends data is never ended for it, however much has come before it is read.
func TestAPeerCannotHaveTLSKeepMuch(t *testing.T) {
	t.Parallel()
	for _, yields := range []bool{true, false} {
		for _, atOnce := range []int{512, 64 << 10} {
			near, far := tcpPair(t)
			below := BelowTLS(near).(*belowTLS)
			above := &keeper{Conn: below, yields: yields}
			sent := make(chan struct{})
			go func() {
				_, _ = far.Write(make([]byte, 128<<10)) // fails when near is closed
				close(sent)
				_, _ = far.Write(make([]byte, 128<<10))
				_ = far.Close()
			}()
			<-sent
			var err error
			for err == nil {
				_, _, err = below.take(above, make([]byte, atOnce))
			}
			if tooMuch := errors.Is(err, errTooMuchUnread); tooMuch == yields {
				t.Errorf("with data in between %t, %d bytes at once: got %v", yields, atOnce, err)
			}
			_ = near.Close()
		}
	}
}

// tcpPair returns the two ends of a connection.
func tcpPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
	return near, far
}
