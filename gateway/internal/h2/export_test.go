package h2

import (
	"net/http"
	"sync"
	"time"
)

// NewStream is newStream for a response that nobody resets.
func NewStream(w http.ResponseWriter, r *http.Request) *Stream {
	return newStream(new(Front), unreset{w}, r)
}

// NewScreen is newScreen.
func NewScreen(c Conn) Conn { return newScreen(c) }

// Whole ends the stream, and reports whether its response is whole.
func (s *Stream) Whole() bool { return s.end() }

type unreset struct{ http.ResponseWriter }

func (unreset) FlushError() error                { return nil }
func (unreset) SetReadDeadline(time.Time) error  { return nil }
func (unreset) SetWriteDeadline(time.Time) error { return nil }

// NewOutgoing is newOutgoing.
func NewOutgoing(c Conn) Conn { return newOutgoing(c, new(sync.Pool)) }
