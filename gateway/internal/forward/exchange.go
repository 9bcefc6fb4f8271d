package forward

import (
	"sync/atomic"

	"tallygate/gateway/internal/wire"
)

// Exchange is one request on its way to an upstream and back. It is meant to be used again: Reset is called by Do.
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

	Set     *Set
	MaxBody int64 // -1: no limit
	// WebSocket: the route lets the protocol be changed.
	WebSocket bool
	// AnswerLines are header lines, with line ends, that are added to the answer. Upstream's fields of these names go first.
	AnswerLines []byte
	// Replaces reports whether an answer's field is left out because AnswerLines has it; may be nil.
	Replaces func(name []byte) bool
	// KeepAlive: the client's connection may be used again after this, unless Draining says otherwise when the answer begins.
	KeepAlive bool
	Draining  *atomic.Bool

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

// repeatable reports whether a request that may have been carried out may be sent again: always if it only reads, and
// where retries are allowed if sending it twice leaves what sending it once does (RFC 9110 section 9.2.2). Its answer may
// be another one: what was deleted is no longer found.
func (s *Set) repeatable(method []byte) bool {
	if string(method) == "PUT" || string(method) == "DELETE" {
		return s.cfg.Retries > 0
	}
	return onlyReads(method)
}

// onlyReads reports whether the method is safe (RFC 9110 section 9.2.1).
func onlyReads(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE":
		return true
	}
	return false
}

// Do sends the request and passes the answer on.
func (e *Engine) Do(x *Exchange) Outcome {
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
	again := x.Set.repeatable(x.Request.Method)
	var avoid *target
	var tries [sameAgain + 1]int // for each reason: dead connections do not use up the tries that a dead replica needs
	reads := onlyReads(x.Request.Method)
	for {
		t := x.Set.pick(avoid)
		if t == nil {
			return Outcome{Err: ErrUnreachable}
		}
		out, next := e.try(x, t, again)
		out.BytesIn = int64(len(body))
		done := tries[next]
		if next == resend && !reads {
			done += tries[sameAgain] // each may have been carried out
		}
		if next == final || !x.Set.mayRetry(done, next, t) {
			return out
		}
		tries[next]++
		e.retries.Add(1)
		if avoid = t; next == sameAgain {
			avoid = nil
		}
	}
}

// next says what may be done after a try that did not answer.
type next int

const (
	final     next = iota
	elsewhere      // no byte was sent: another replica may take it
	resend         // sent, unanswered, and harmless to send twice
	rescue         // the same, and the replica was found dead meanwhile
	sameAgain      // the connection had been closed while it was idle
)

// mayRetry reports whether there is another try after one at tried.
func (s *Set) mayRetry(attempt int, why next, tried *target) bool {
	switch why {
	case sameAgain:
		return attempt <= maxIdle // each such try uses up a dead connection
	case rescue, elsewhere:
		// At most once for each replica.
		if attempt > len(*s.targets.Load()) {
			return false
		}
		return why == rescue || s.hasOther(tried) && s.budget.allow(s.total())
	}
	return attempt < s.cfg.Retries && s.budget.allow(s.total())
}

// hasOther reports whether there is a replica beside t. While a connection to a dead replica is tried, its name may
// lose the address: the one that is left is another one then.
func (s *Set) hasOther(t *target) bool {
	return scan(*s.targets.Load(), 0, func(o *target) bool { return o != t }) != nil
}

func (s *Set) total() (n uint64) {
	for _, t := range *s.targets.Load() {
		n += t.total.Load()
	}
	return n
}

// try sends a request that is whole in memory to one replica, and passes the answer on.
func (e *Engine) try(x *Exchange, t *target, again bool) (Outcome, next) {
	l, reused := t.take(!again), true
	if l == nil {
		var err error
		if l, err = t.dial(); err != nil {
			t.failed(true)
			return Outcome{Err: ErrUnreachable}, elsewhere
		}
		reused = false
	}
	t.busy.Add(1)
	t.total.Add(1)
	defer t.busy.Add(-1)
	l.answered.Store(false)
	l.Limit(x.Set.cfg.Limits.FirstByte)
	x.Client.Serves(l.Conn)
	in := e.buffers.Get()
	defer e.buffers.Put(in)

	n, _ := l.Exchange(x.out, in.Free()) // that it broke, and what was read, is all that matters
	if n == 0 {
		why := l.Stopped()
		x.letGo(l, false, 0)
		return unanswered(t, why, reused, again)
	}
	in.Filled(n)
	return e.relay(x, l, in), final
}

// unanswered judges a try in which no byte came back.
func unanswered(t *target, why wire.Stop, reused, again bool) (Outcome, next) {
	retry := func(n next) next {
		if again {
			return n
		}
		return final
	}
	switch {
	case why == wire.ClientLeft:
		return Outcome{Err: ErrClientLeft}, final
	case why == wire.Ejected:
		return Outcome{Err: ErrBroken}, retry(rescue)
	case why == wire.TimedOut:
		t.failed(false)
		return Outcome{Err: ErrTimeout}, final
	case reused:
		return Outcome{Err: ErrBroken}, retry(sameAgain)
	}
	t.failed(false)
	return Outcome{Err: ErrBroken}, retry(resend)
}
