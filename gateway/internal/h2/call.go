package h2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/wire"
)

// Call is a connection to a server that carries one exchange of HTTP/1.1: the request is written to it as package wire does, and its
// response is read from it. One goroutine writes and one reads, after the head has been written; others may set deadlines, which are
// only in the past or none. Interim responses are not passed on. Trailers of requests are dropped.
type Call struct {
	conn   *http.ClientConn
	ctx    context.Context //nolint:containedctx // it is the stream's life
	cancel context.CancelFunc
	halted atomic.Bool
	taken  atomic.Uint64

	request *http.Request  // nil until the head has been written
	body    *io.PipeWriter // nil: the body was written with the head
	chunked bool           // the body that is written
	left    int64          // of a body that is not chunked

	expects  bool           // a 100, which has not been read
	sent     bool           // the request
	response *http.Response // nil until there is one
	source   source
}

func newCall(conn *http.ClientConn) *Call {
	c := &Call{conn: conn}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Write writes a part of the request: the head in one piece, and chunks in one piece each.
func (c *Call) Write(p []byte) (int, error) {
	rest := p
	if c.request == nil {
		var err error
		if rest, err = c.begin(p); err != nil {
			return 0, err
		}
	}
	for len(rest) > 0 {
		var err error
		if rest, err = c.pass(rest); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// begin makes the request of its head, and returns what follows it that is not a whole body.
func (c *Call) begin(p []byte) ([]byte, error) {
	first, lines, rest, ok := cutHead(p)
	if !ok {
		return nil, errWritten
	}
	parts := bytes.Split(first, []byte(" "))
	if len(parts) != 3 {
		return nil, errWritten
	}
	r := &http.Request{Method: string(parts[0]), Header: http.Header{"Te": {"trailers"}, "User-Agent": {""}}, ProtoMajor: 2}
	for name, value := range eachField(lines) {
		c.takeField(r, name, value)
	}
	r.URL = &url.URL{Scheme: "http", Host: r.Host, Opaque: string(parts[1])}
	if bytes.HasPrefix(parts[1], []byte("//")) {
		r.URL.Opaque = "//" + r.Host + r.URL.Opaque
	}
	switch {
	case c.chunked:
		r.ContentLength = -1
	case r.ContentLength == int64(len(rest)):
		r.Body, rest = http.NoBody, nil
		if r.ContentLength > 0 {
			r.Body = io.NopCloser(bytes.NewReader(bytes.Clone(p[len(p)-int(r.ContentLength):])))
		}
	}
	if r.Body == nil {
		from, to := io.Pipe()
		r.Body, c.body = from, to
		context.AfterFunc(c.ctx, func() { _ = from.CloseWithError(net.ErrClosed) }) // returns nil
		c.left = r.ContentLength
	}
	c.request = r.WithContext(c.ctx)
	return rest, nil
}

// takeField takes a field, or what it says of the connection and the body.
func (c *Call) takeField(r *http.Request, name, value string) {
	switch kind, alias := wire.KindOf(name); {
	case alias:
	case kind == wire.Host:
		r.Host = value
		return
	case kind == wire.TransferEncoding:
		c.chunked = true
		return
	case kind == wire.ContentLength:
		r.ContentLength, _ = strconv.ParseInt(value, 10, 64) // package wire writes a number
		return
	case kind == wire.Expect:
		c.expects = true
		return
	case kind == wire.Connection || kind == wire.Hop || kind == wire.Upgrade:
		return
	}
	if name == "User-Agent" {
		delete(r.Header, name)
	}
	r.Header[name] = append(r.Header[name], value)
}

// pass sends a piece of the body, and returns what follows it.
func (c *Call) pass(p []byte) ([]byte, error) {
	if c.body == nil {
		return nil, errWritten
	}
	if !c.chunked {
		if int64(len(p)) > c.left {
			return nil, errWritten
		}
		if err := c.send(p); err != nil {
			return nil, err
		}
		if c.left -= int64(len(p)); c.left == 0 {
			return nil, c.body.Close()
		}
		return nil, nil
	}
	data, rest, err := cutChunk(p)
	if err != nil || len(data) > 0 {
		return rest, errors.Join(err, c.send(data))
	}
	if _, rest, err = cutTrailers(rest); err == nil {
		err = c.body.Close()
	}
	return rest, err
}

func (c *Call) send(p []byte) error {
	n, err := c.body.Write(p)
	c.taken.Add(uint64(n))
	return err
}

// Read reads the response. The first Read sends the request.
func (c *Call) Read(p []byte) (int, error) {
	switch {
	case c.halted.Load():
		return 0, os.ErrDeadlineExceeded
	case c.request == nil:
		return 0, errWritten
	case c.expects: // the server is not asked: it can reset the stream
		c.expects = false
		c.source.pending = []byte(wire.Continue)
	case c.response == nil && len(c.source.pending) == 0:
		if err := c.respond(); err != nil {
			return 0, err
		}
	}
	n, err := c.source.read(p)
	if err != nil && c.halted.Load() {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// respond sends the request and makes the response's head what is read next.
func (c *Call) respond() error {
	c.sent = true
	resp, err := c.conn.RoundTrip(c.request) //nolint:bodyclose // Close closes it
	if err != nil {
		return err
	}
	c.response = resp
	b := append(append(strconv.AppendInt([]byte("HTTP/1.1 "), int64(resp.StatusCode), 10), ' '), http.StatusText(resp.StatusCode)...)
	b = append(b, lineEnd...)
	for name, values := range resp.Header {
		if name == "Content-Length" || name == "Transfer-Encoding" || name == "Connection" {
			continue
		}
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	bodiless := c.request.Method == http.MethodHead || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
	c.source = source{body: resp.Body, trailer: func() http.Header { return resp.Trailer }}
	switch {
	case resp.ContentLength >= 0 && resp.StatusCode != http.StatusNoContent:
		b = appendField(b, "Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	case !bodiless:
		c.source.chunked = true
		b = appendField(b, "Transfer-Encoding", "chunked")
	}
	// There is nothing to be kept: the connection below is kept by Links.
	c.source.pending = append(appendField(b, "Connection", "close"), lineEnd...)
	return nil
}

// SetDeadline resets the stream if the deadline is in the past.
func (c *Call) SetDeadline(deadline time.Time) error {
	c.halted.Store(!deadline.IsZero())
	if !deadline.IsZero() {
		c.cancel()
	}
	return nil
}

// SetReadDeadline is SetDeadline.
func (c *Call) SetReadDeadline(deadline time.Time) error { return c.SetDeadline(deadline) }

// SetWriteDeadline is SetDeadline.
func (c *Call) SetWriteDeadline(deadline time.Time) error { return c.SetDeadline(deadline) }

// Taken is how much of the body the server has taken, or its window has had room for.
func (c *Call) Taken() uint64 { return c.taken.Load() }

// Close ends the stream, and resets it unless both bodies are whole.
func (c *Call) Close() error {
	c.cancel()
	if !c.sent {
		c.conn.Release()
	}
	if c.response == nil {
		return nil
	}
	return c.response.Body.Close()
}

// LocalAddr is nil: nobody asks.
func (c *Call) LocalAddr() net.Addr { return nil }

// RemoteAddr is nil: the server's address is that of Links.
func (c *Call) RemoteAddr() net.Addr { return nil }

var _ wire.Taker = (*Call)(nil)
