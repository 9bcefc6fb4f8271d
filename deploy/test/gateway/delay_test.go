package gateway_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// delayed is the address of a way to addr on which every byte, every end and every reset takes so long.
func delayed(t *testing.T, addr string, by time.Duration) string {
	t.Helper()
	return listenPlain(t, func(client net.Conn) {
		server, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer server.Close()
		done := make(chan struct{}, 2)
		for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
			go func() {
				carry(way[1].(*net.TCPConn), way[0].(*net.TCPConn), by)
				done <- struct{}{}
			}()
		}
		<-done
		<-done
	})
}

// piece is what has been read at once, or how the reading ended.
type piece struct {
	data []byte
	err  error
	due  time.Time
}

// carry copies from one connection to the other, each piece when it is due.
func carry(to, from *net.TCPConn, by time.Duration) {
	const inFlight = 256 // pieces
	pieces := make(chan piece, inFlight)
	go func() {
		defer close(pieces)
		for {
			p := piece{data: make([]byte, 16<<10)}
			var n int
			n, p.err = from.Read(p.data)
			p.data, p.due = p.data[:n], time.Now().Add(by)
			pieces <- p
			if p.err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		<-time.After(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			reset(from) // the writer learns that its reader is gone
		}
		if errors.Is(p.err, io.EOF) {
			_ = to.CloseWrite() // it may be gone
		} else if p.err != nil {
			reset(to)
		}
	}
}

func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0) // then Close resets it
	_ = conn.Close()
}
