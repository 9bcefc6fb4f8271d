package h2

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/wire"
)

// Stream is a request of a client, as a connection on which it is read as HTTP/1.1, and on which its response is written. The request's
// head is not read from it: see AppendHead. One goroutine reads and one writes; others may set deadlines, which are only in the past or
// none.
type Stream struct {
	front   *Front
	w       writer
	request *http.Request
	source  source

	// mu guards what follows, and keeps deadlines off a stream that has ended.
	mu      sync.Mutex
	ended   bool
	writing bool
	cut     bool // writes fail
	halted  atomic.Bool

	response response
	taken    atomic.Uint64
}

// writer is what package http2 gives to handlers.
type writer interface {
	http.ResponseWriter
	FlushError() error
	SetReadDeadline(deadline time.Time) error
	SetWriteDeadline(deadline time.Time) error
}

func newStream(f *Front, w http.ResponseWriter, r *http.Request) *Stream {
	s := &Stream{front: f, w: w.(writer), request: r} //nolint:forcetypeassert // package http2 documents these methods
	s.source = source{body: r.Body, trailer: func() http.Header { return r.Trailer }}
	s.response.head = r.Method == http.MethodHead
	return s
}

// AppendHead appends the request's head to b, and forgets it: a client may have many large heads open. It has to be called first, once.
func (s *Stream) AppendHead(b []byte) []byte {
	b, s.source.chunked = appendHead(b, s.request)
	s.request.Header, s.request.URL, s.request.RequestURI = nil, nil, ""
	return b
}

// Unread is how many bytes of the body may be held for the reader.
func (s *Stream) Unread() int {
	if s.request.ContentLength < 0 {
		return StreamBytes
	}
	return int(min(s.request.ContentLength, StreamBytes))
}

// OnGone has do called when the client resets the stream or is gone, unless stop is called before.
func (s *Stream) OnGone(do func()) (stop func() bool) {
	return context.AfterFunc(s.request.Context(), do)
}

// end ends the stream for all that use it, and reports whether its response is whole.
func (s *Stream) end() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	return s.response.complete
}

// Read reads the request's body, in chunks if its head says so.
func (s *Stream) Read(p []byte) (int, error) {
	if s.halted.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	return s.source.read(p)
}

// SetReadDeadline interrupts reads if the deadline is in the past. What the client still sends is lost then.
func (s *Stream) SetReadDeadline(deadline time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setReadDeadline(deadline)
}

func (s *Stream) setReadDeadline(deadline time.Time) error {
	if s.ended {
		return net.ErrClosed
	}
	s.halted.Store(!deadline.IsZero())
	if deadline.IsZero() {
		return nil
	}
	return s.w.SetReadDeadline(deadline)
}

// SetWriteDeadline resets the stream if a write waits for the client, and makes others fail, if the deadline is in the past.
func (s *Stream) SetWriteDeadline(deadline time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setWriteDeadline(deadline)
}

func (s *Stream) setWriteDeadline(deadline time.Time) error {
	if s.ended {
		return net.ErrClosed
	}
	s.cut = !deadline.IsZero()
	if !s.cut || !s.writing {
		return nil
	}
	return s.w.SetWriteDeadline(deadline)
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (s *Stream) SetDeadline(deadline time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.setReadDeadline(deadline), s.setWriteDeadline(deadline))
}

// Taken is how much of the response the client has taken, or its window has had room for.
func (s *Stream) Taken() uint64 { return s.taken.Load() }

// Close does nothing: the stream ends with its handler.
func (s *Stream) Close() error { return nil }

// LocalAddr is nil: nobody asks.
func (s *Stream) LocalAddr() net.Addr { return nil }

// RemoteAddr is nil: the client's address is that of its connection.
func (s *Stream) RemoteAddr() net.Addr { return nil }

var _ wire.Taker = (*Stream)(nil)
