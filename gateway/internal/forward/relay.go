package forward

import (
	"bytes"
	"errors"

	"tallygate/gateway/internal/wire"
)

// maxInformational bounds the 1xx responses before the final one.
const maxInformational = 16

// errNoBody: the rest of the request's body does not come; upload.err says why.
var errNoBody = errors.New("the request's body does not come")

// relay reads the response on the exchange's connection and passes it on.
type relay struct{ *Exchange }

// run releases the connection, whatever happens.
func (l *relay) run() Outcome {
	if err := l.readHead(); err != nil {
		if blamesReplica(err) {
			blame(l.conn.Replica(), err)
		}
		l.release(false, 0)
		return Outcome{Err: err}
	}
	r := &l.response
	l.conn.Replica().Responded(r.Status)
	l.tellCost()
	early := l.in.Bytes()[r.HeadBytes():]
	if r.Status == 101 {
		return l.beginTunnel(early)
	}
	head := string(l.req.Head.Method) == "HEAD"
	if !r.HasBody(head) {
		r.KeepAlive = r.KeepAlive && !strayBody(r, head)
		return l.whole(nil, early, bodiless(r, head))
	}
	if r.ContentLength >= 0 && int64(len(early)) >= r.ContentLength {
		return l.whole(early[:r.ContentLength], early[r.ContentLength:], r.Framing())
	}
	return l.beginDownload(early)
}

// tellCost tells the request's Coster what the upstream has announced.
func (l *relay) tellCost() {
	if l.req.CostField == "" {
		return
	}
	r := &l.response
	var value []byte
	values := 0
	for i := range r.Fields() {
		if l.req.isCost(r.Name(i)) && !r.Alias(i) {
			value = r.Value(i)
			values++
		}
	}
	l.req.Coster.Costs(value, values)
}

// blamesReplica reports whether it is the replica's fault that no head came.
func blamesReplica(err error) bool {
	return !errors.Is(err, ErrClientGone) && !errors.Is(err, errNoBody) && !errors.Is(err, wire.ErrOverloaded)
}

// strayBody reports whether the head of a response without a body announces one. Some upstreams then send a body, though
// HTTP forbids it, in a separate write. It may come at any time, and the next client would get it as its response.
func strayBody(r *wire.Response, head bool) bool {
	if r.Status == 204 || r.Status == 304 {
		return r.Chunked || r.ContentLength > 0
	}
	return head && r.ContentLength != 0
}

// bodiless is the framing of a response without a body, which may say how long it would be (RFC 9110 section 8.6).
func bodiless(r *wire.Response, head bool) wire.Framing {
	if r.Status == 204 || r.ContentLength < 0 && (head || r.Status == 304) {
		return wire.Unframed
	}
	return wire.Framing(max(r.ContentLength, 0))
}

// readHead reads up to the head of the final response. It passes on the 1xx responses before it.
func (l *relay) readHead() error {
	for range maxInformational {
		if err := l.readOneHead(); err != nil {
			return err
		}
		r := &l.response
		if r.Status == 101 {
			if !l.req.WebSocket || !r.WebSocket {
				return invalid(l.conn.Replica(), "A 101 that nobody has asked for.")
			}
			l.begins()
			return nil
		}
		if r.Status >= 200 {
			return nil
		}
		if err := l.informational(); err != nil {
			return err
		}
		l.in.Take(r.HeadBytes())
	}
	return invalid(l.conn.Replica(), "There are too many 1xx responses.")
}

// readOneHead reads until a head is complete.
func (l *relay) readOneHead() error {
	r := &l.response
	r.Reset()
	for {
		n, err := r.Parse(l.in.Held())
		if err != nil {
			return invalid(l.conn.Replica(), err.Error())
		}
		if r.Status >= 200 && !l.conn.Responding() {
			l.begins()
		}
		if n > 0 {
			return nil
		}
		if err := l.in.Room(); errors.Is(err, wire.ErrOverloaded) {
			return wire.ErrOverloaded
		} else if err != nil {
			return invalid(l.conn.Replica(), err.Error())
		}
		if n, err = l.conn.Fetch(&l.in); n == 0 {
			return l.headError(err)
		}
		l.in.Filled(n)
	}
}

// begins notes that the final response has begun.
func (l *relay) begins() {
	if l.upload.active {
		l.upload.responseBegins()
		return
	}
	l.conn.SetResponding()
}

// headError returns why no head came. That the connection was stopped says more than err.
func (l *relay) headError(err error) error {
	switch l.conn.Stopped() {
	case wire.ClientGone:
		return ErrClientGone
	case wire.Unwanted:
		return errNoBody
	case wire.TimedOut:
		return ErrTimeout
	}
	if l.conn.Responding() {
		return invalid(l.conn.Replica(), endedBy(err, withinHead))
	}
	return broken(l.conn.Replica(), endedBy(err, beforeResponse))
}

// informational passes a 1xx response on to clients that are known to take them. Others take it for the final one, and give the
// final one to their next request. A 100 is only for those who wait for it.
func (l *relay) informational() error {
	if l.response.Status == 100 {
		return l.upload.goAhead()
	}
	if l.req.Head.Minor == 0 || !l.req.Informational && !navigates(l.req.Head) {
		return nil
	}
	l.back = l.responseHead(l.back[:0], wire.Unframed, true)
	l.upload.mu.Lock() // a 100 may be written at the same time
	defer l.upload.mu.Unlock()
	if _, err := l.req.Client.Write(l.back); err != nil {
		return ErrClientGone
	}
	l.req.Client.AwaitsHead()
	return nil
}

// navigates reports whether a browser asks for a page that it is going to show (Fetch Metadata). Browsers know 1xx responses.
func navigates(r *wire.Request) bool {
	const fetchMode = "Sec-Fetch-Mode"
	for i := range r.Fields() {
		if r.Kind(i) == wire.Other && bytes.EqualFold(r.Name(i), []byte(fetchMode)) {
			return string(r.Value(i)) == "navigate"
		}
	}
	return false
}

// whole passes on, in one write, a response that is whole in memory. extra is what came after it.
func (l *relay) whole(body, extra []byte, framing wire.Framing) Outcome {
	keep := l.staysOpen()
	l.back = append(l.responseHead(l.back[:0], framing, keep), body...)
	// The replica's connection goes back first: the client's next request may come on another connection before this
	// goroutine runs again.
	l.release(l.response.KeepAlive && len(extra) == 0 && l.bodyRead(), l.response.IdleTimeout)
	sent := int64(len(body))
	l.in.Drop() // the client may be slow
	_, err := l.req.Client.Write(l.back)
	return Outcome{Status: l.response.Status, BytesOut: sent, KeepAlive: keep && err == nil}
}
