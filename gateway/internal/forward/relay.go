package forward

import (
	"errors"
	"io"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// noLength: the answer's head says nothing of a length.
const noLength = -3

// maxInformational bounds the 1xx answers before the final one.
const maxInformational = 16

// relay reads the answer's head, of which in has the beginning, and passes the answer on. It takes care of the link.
func (e *Engine) relay(x *Exchange, l *upstream.Conn, in *wire.Buffer) Outcome {
	if err := e.readHead(x, l, in); err != nil {
		if !errors.Is(err, ErrClientLeft) && !errors.Is(err, errNoBody) {
			l.Replica().Failed(false)
		}
		x.letGo(l, false, 0)
		return Outcome{Err: err}
	}
	l.Replica().Succeeded()
	r := &x.response
	early := in.Bytes()[r.HeadBytes():]
	if r.Status == 101 {
		return e.tunnel(x, l, early)
	}
	head := string(x.Request.Method) == "HEAD"
	if !r.HasBody(head) {
		r.KeepAlive = r.KeepAlive && !strayBody(r, head)
		return e.relayWhole(x, l, nil, early, bodilessLength(r, head))
	}
	if r.ContentLength >= 0 && int64(len(early)) >= r.ContentLength {
		return e.relayWhole(x, l, early[:r.ContentLength], early[r.ContentLength:], r.ContentLength)
	}
	return e.relayStream(x, l, early)
}

// bodilessLength is what an answer without a body may say about its length (RFC 9110 section 8.6).
func bodilessLength(r *wire.Response, head bool) int64 {
	switch {
	case r.Status == 204:
		return noLength
	case r.ContentLength < 0 && (head || r.Status == 304):
		return noLength
	}
	return max(r.ContentLength, 0)
}

// strayBody reports whether an answer that has no body speaks of one. There are upstreams that send it nevertheless, in
// a write of its own: it may come at any time, and whoever chose it chooses the next client's answer.
func strayBody(r *wire.Response, head bool) bool {
	if r.Status == 204 || r.Status == 304 {
		return r.Chunked || r.ContentLength > 0
	}
	return head && r.ContentLength != 0
}

// errNoBody: the rest of the request's body does not come; stream.err says why.
var errNoBody = errors.New("the request's body does not come")

// readHead reads up to the head of the final answer, and passes others on.
func (e *Engine) readHead(x *Exchange, l *upstream.Conn, in *wire.Buffer) error {
	r := &x.response
	for range maxInformational {
		r.Reset()
		for {
			n, err := r.Parse(in.Bytes())
			if err != nil {
				return ErrInvalid
			}
			if r.Status >= 200 && !l.Responding() {
				x.answerBegins(l)
			}
			if n > 0 {
				break
			}
			if !in.Room() {
				return ErrInvalid
			}
			if n, _ = l.Read(in.Free()); n == 0 {
				return headError(l) // the stop, if there was one, says more than the error
			}
			in.Filled(n)
		}
		if r.Status == 101 {
			if !x.WebSocket || !r.WebSocket {
				return ErrInvalid
			}
			x.answerBegins(l)
			return nil
		}
		if r.Status >= 200 {
			return nil
		}
		if err := x.informational(); err != nil {
			return err
		}
		in.Take(r.HeadBytes())
	}
	return ErrInvalid
}

func headError(l *upstream.Conn) error {
	switch l.Stopped() {
	case wire.ClientGone:
		return ErrClientLeft
	case wire.Unwanted:
		return errNoBody
	case wire.TimedOut:
		return ErrTimeout
	}
	if l.Responding() {
		return ErrInvalid
	}
	return ErrBroken
}

// informational passes a 1xx answer on to clients that know them. A 100 is only for those who asked.
func (x *Exchange) informational() error {
	r := &x.response
	if r.Status == 100 {
		return x.stream.goAhead(x)
	}
	if x.Request.Minor == 0 {
		return nil
	}
	x.answer = x.appendAnswer(x.answer[:0], noLength, true)
	x.stream.mu.Lock() // a 100 may be written at the same time
	defer x.stream.mu.Unlock()
	if _, err := x.Client.Write(x.answer); err != nil {
		return ErrClientLeft
	}
	return nil
}

// staysOpen reports whether the answer's head, written now, lets the client send another request.
func (x *Exchange) staysOpen() bool { return x.KeepAlive && x.bodyRead() && !x.Draining.Load() }

// relayWhole passes an answer on that is whole in memory, in one write. extra is what came behind it.
func (e *Engine) relayWhole(x *Exchange, l *upstream.Conn, body, extra []byte, length int64) Outcome {
	keep := x.staysOpen()
	x.answer = append(x.appendAnswer(x.answer[:0], length, keep), body...)
	// The connection to the upstream goes back first: the client's next request may come on another connection before
	// this one runs again.
	x.letGo(l, x.response.KeepAlive && len(extra) == 0 && x.bodyRead(), x.response.IdleTimeout)
	_, err := x.Client.Write(x.answer)
	return Outcome{Status: x.response.Status, BytesOut: int64(len(body)), KeepAlive: keep && err == nil}
}

const blockBytes = 64 << 10

// block is memory for streaming, with room for a chunk's framing and for the last chunk.
type block struct {
	mem [wire.ChunkHeadroom + blockBytes + wire.ChunkTailroom + len(wire.LastChunk)]byte
}

func (b *block) data() []byte { return b.mem[wire.ChunkHeadroom : wire.ChunkHeadroom+blockBytes] }

// framed is the first n bytes of data as they are sent; last: the body ends with them.
func (b *block) framed(n int, chunked, last bool) []byte {
	piece := b.data()[:n]
	if !chunked {
		return piece
	}
	if n > 0 {
		piece = wire.FrameChunk(b.mem[:], wire.ChunkHeadroom, wire.ChunkHeadroom+n)
	}
	if last {
		piece = append(piece, wire.LastChunk...)
	}
	return piece
}

// relayStream passes an answer on piece by piece, each as soon as it has come.
func (e *Engine) relayStream(x *Exchange, l *upstream.Conn, early []byte) Outcome {
	r := &x.response
	length := r.ContentLength
	switch {
	case r.Chunked:
		length = -1
	case length < 0:
		length = wire.UntilClose
	}
	var body wire.Body
	body.Begin(l.Conn, early, length)

	keep, sent := x.staysOpen(), length
	if length < 0 {
		if sent = -1; x.Request.Minor == 0 {
			sent, keep = wire.UntilClose, false
		}
	}
	b := e.blocks.Get().(*block)
	defer e.blocks.Put(b)
	out := Outcome{Status: r.Status}
	progress := x.Upstream.Timeouts().Progress
	x.answer = x.appendAnswer(x.answer[:0], sent, keep)
	begun, complete := false, false
	for !complete {
		// What has come already goes out with the head; the head alone goes out before anything is waited for.
		read := body.Read
		if !begun {
			read = body.Early
		}
		l.SetTimeout(progress)
		n, err := read(b.data())
		l.ClearTimeout()                                       // however long the client takes is not the upstream's fault
		if complete = err == io.EOF; err != nil && !complete { //nolint:errorlint // Body returns it as it is
			break
		}
		piece := b.framed(n, sent == -1, complete)
		if !begun {
			begun = true
			x.answer = append(x.answer, piece...)
			piece = x.answer
		}
		if _, err := x.Client.Write(piece); err != nil {
			complete, keep = false, false
			break
		}
		out.BytesOut += int64(n)
		if x.stream.active {
			x.Client.RenewTimeout(progress)
		}
	}
	if !begun {
		x.letGo(l, false, 0)
		return Outcome{Err: ErrInvalid}
	}
	x.letGo(l, complete && r.KeepAlive && length != wire.UntilClose && len(body.Extra()) == 0 && x.bodyRead(), r.IdleTimeout)
	// An answer that broke off must not look whole: the client sees the connection end without the last chunk, or
	// before the length. To one that knows neither, the end of the connection would look like the answer's.
	if sent == wire.UntilClose && !complete {
		x.Client.Abort()
	}
	out.KeepAlive = keep && complete
	return out
}
