package h2

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// linkIdle is how long a connection to a server is kept without a request.
	linkIdle = 55 * time.Second
	// maxResponseHead bounds the heads of responses.
	maxResponseHead = 64 << 10
)

// Links are the connections to one server that speaks HTTP/2 without TLS (RFC 9113 section 3.3). Each carries many calls. Its methods
// may be called by many goroutines.
type Links struct {
	transport *http.Transport

	mu      sync.Mutex
	open    []*http.ClientConn
	opening *opening // nil: none is being opened
}

// opening is a connection that is being opened, for all who wait for one.
type opening struct {
	done chan struct{}
	err  error
}

// NewLinks returns Links without a connection. dial opens one.
func NewLinks(dial func(ctx context.Context) (net.Conn, error)) *Links {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &Links{transport: &http.Transport{
		Protocols: protocols, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableCompression: true, IdleConnTimeout: linkIdle, MaxResponseHeaderBytes: maxResponseHead,
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}}
}

// Call returns a connection for one exchange of HTTP/1.1, which becomes a stream. It opens a connection to the server if none that is
// open has room; errors are those of dial.
func (l *Links) Call(ctx context.Context) (*Call, error) {
	for {
		if conn := l.reserve(); conn != nil {
			return newCall(conn), nil
		}
		o, mine := l.beginOpening()
		if mine {
			// Nobody looks at the address: dial knows it.
			conn, err := l.transport.NewClientConn(context.WithoutCancel(ctx), "http", "server:80")
			l.opened(o, conn, err)
		}
		<-o.done
		if o.err != nil {
			return nil, o.err
		}
	}
}

// reserve takes room for a call on a connection; nil if there is none. It forgets connections that have ended, or are about to.
func (l *Links) reserve() (found *http.ClientConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.open[:0]
	for _, conn := range l.open {
		if conn.Err() != nil {
			continue
		}
		kept = append(kept, conn)
		if found == nil && conn.Reserve() == nil {
			found = conn
		}
	}
	clear(l.open[len(kept):])
	l.open = kept
	return found
}

func (l *Links) beginOpening() (o *opening, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if mine = l.opening == nil; mine {
		l.opening = &opening{done: make(chan struct{})}
	}
	return l.opening, mine
}

func (l *Links) opened(o *opening, conn *http.ClientConn, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.open = append(l.open, conn)
	}
	l.opening, o.err = nil, err
	close(o.done)
}
