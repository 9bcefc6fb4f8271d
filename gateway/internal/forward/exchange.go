package forward

import (
	"sync/atomic"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// Exchange is one request on its way to an upstream and back. It is meant to be used again.
type Exchange struct {
	// The request.
	Client  *wire.Conn
	Request *wire.Request
	// Body is the request's body, begun; what has not been read when Do returns is still there.
	Body *wire.Body
	// Facts that the upstream is told.
	ClientAddr string // X-Forwarded-For
	Proto      string // http or https
	Host       []byte // X-Forwarded-Host
	RequestID  []byte
	Path       []byte // as it is sent on, with any prefix stripped
	// Identity is the field that names the user; both are empty for requests of nobody.
	IdentityName  string
	IdentityValue []byte
	// Identities are the names of such fields on all routes: an upstream that stands behind one may stand behind others.
	Identities *wire.Names

	Upstream *upstream.Upstream
	MaxBody  int64 // -1: no limit
	// WebSocket: the route lets the protocol be changed.
	WebSocket bool
	// AnswerLines are header lines, with line ends, that are added to the answer. Upstream's fields of these names go first.
	AnswerLines []byte
	// Replaces reports whether an answer's field is left out because AnswerLines has it; may be nil.
	Replaces func(name []byte) bool
	// KeepAlive: the client's connection may be used again after this, unless Draining says otherwise when the answer begins.
	KeepAlive bool
	Draining  *atomic.Bool

	watch    *wire.Watch
	response wire.Response
	out      []byte // the request's head, kept for sending it again
	answer   []byte // what goes to the client in one write
	stream   stream
}

// Outcome is how it went.
type Outcome struct {
	// Status is what the client got; 0 if nothing has been sent, and Err says why.
	Status int
	Err    error
	// BytesIn and BytesOut are the lengths of the bodies as far as they went.
	BytesIn, BytesOut int64
	// KeepAlive: the client's connection stands at a message's border and may be used again.
	KeepAlive bool
}

// Do sends the request and passes the answer on.
func (e *Engine) Do(x *Exchange) Outcome {
	x.watch = e.watch
	if x.looped(e.via) {
		return Outcome{Err: ErrLoop}
	}
	body, whole := x.Body.Buffered()
	if x.WebSocket = x.WebSocket && x.Request.WebSocket; !whole {
		return e.doStream(x)
	}
	if x.MaxBody >= 0 && int64(len(body)) > x.MaxBody {
		return Outcome{Err: ErrTooLarge}
	}
	x.out = x.appendRequest(x.out[:0], e.via, int64(len(body)))
	x.out = append(x.out, body...)
	x.Body.Skip()
	tries := newTries(x.Upstream, x.Request.Method)
	for {
		t := x.Upstream.Pick(tries.avoid)
		if t == nil {
			return Outcome{Err: ErrUnreachable}
		}
		out, why := e.try(x, t, &tries)
		out.BytesIn = int64(len(body))
		if !tries.another(why, t) {
			return out
		}
		e.retries.Inc()
	}
}

// try sends a request that is whole in memory to one replica, and passes the answer on.
func (e *Engine) try(x *Exchange, t *upstream.Replica, tries *tries) (Outcome, fate) {
	// From now on, so that a replica to which connections take long is not chosen for having nothing to do.
	t.Enter()
	defer t.Leave()
	var l *upstream.Conn
	if !tries.fresh {
		l = t.Take(!tries.repeatable)
	}
	reused := l != nil
	if !reused {
		var err error
		if l, err = t.Dial(); err != nil {
			t.Failed(true)
			return Outcome{Err: ErrUnreachable}, unsent
		}
	}
	l.Begin()
	l.SetTimeout(x.Upstream.Timeouts().FirstByte)
	x.Client.Serves(l.Conn)
	in := e.buffers.Get()
	defer e.buffers.Put(in)

	n, _ := l.Exchange(x.out, in.Free()) // that it broke, and what was read, is all that matters
	if n == 0 {
		why := l.Stopped()
		x.letGo(l, false, 0)
		return unanswered(t, why, reused)
	}
	in.Filled(n)
	return e.relay(x, l, in), final
}

// unanswered classifies a try in which no byte came back.
func unanswered(t *upstream.Replica, why wire.Stop, reused bool) (Outcome, fate) {
	switch {
	case why == wire.ClientGone:
		return Outcome{Err: ErrClientLeft}, final
	case why == wire.Ejected:
		return Outcome{Err: ErrBroken}, hung
	case why == wire.TimedOut:
		t.Failed(false)
		return Outcome{Err: ErrTimeout}, final
	case reused:
		return Outcome{Err: ErrBroken}, closed
	}
	t.Failed(false)
	return Outcome{Err: ErrBroken}, broken
}
