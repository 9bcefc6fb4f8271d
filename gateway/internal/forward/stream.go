package forward

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/wire"
)

// continueAfter is how long an upstream is given to say 100; many never do (RFC 9110 section 10.1.1).
const continueAfter = time.Second

// stream is a request body on its way while the answer is waited for.
type stream struct {
	active bool
	// expect: 0 the client waits for a 100, 1 it has got it, 2 it will not get it.
	expect atomic.Int32
	start  chan struct{} // closed when the body may be sent
	done   chan struct{} // closed when nobody reads the client any more
	read   atomic.Bool   // the body has been read to its end
	err    error         // why the body broke off, after done
	in     int64
	sent   bool // all of it, after done

	// What is to become of the link when nobody writes to it any more.
	keep bool
	rest time.Duration
}

const (
	waiting int32 = iota
	goneAhead
	refused
)

// goAhead tells a client that waits for it to send the body. Whoever comes first does it.
func (s *stream) goAhead(x *Exchange) error {
	if !s.active || !s.expect.CompareAndSwap(waiting, goneAhead) {
		return nil
	}
	if _, err := x.Client.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
		return ErrClientLeft
	}
	close(s.start)
	return nil
}

// bodyRead reports whether the client has sent its body to the end.
func (x *Exchange) bodyRead() bool {
	if x.stream.active {
		return x.stream.read.Load()
	}
	return x.Body.Done()
}

// letGo gives the link up: to be used again if keep, and if so to rest at most so long. While the body is still being
// sent that has to wait.
func (x *Exchange) letGo(l *link, keep bool, rest time.Duration) {
	x.Client.Serves(nil)
	switch {
	case x.stream.active:
		x.stream.keep, x.stream.rest = keep, rest
	case keep:
		l.target.put(l, rest)
	default:
		l.target.close(l)
	}
}

// doStream sends a request whose body has not all come yet. It is sent once; only where no connection could be opened
// is another replica tried.
func (e *Engine) doStream(x *Exchange) Outcome {
	if x.MaxBody >= 0 && x.Request.ContentLength > x.MaxBody {
		return Outcome{Err: ErrTooLarge}
	}
	l, err := e.connect(x.Set)
	if err != nil {
		return Outcome{Err: err}
	}
	t := l.target
	t.busy.Add(1)
	t.total.Add(1)
	defer t.busy.Add(-1)

	s := &x.stream
	s.active, s.err, s.in, s.sent, s.keep = true, nil, 0, false, false
	s.read.Store(false)
	s.start, s.done = make(chan struct{}), make(chan struct{})
	s.expect.Store(goneAhead)
	if x.Request.ExpectContinue {
		s.expect.Store(waiting)
	} else {
		close(s.start)
	}
	l.answered.Store(false)
	l.Limit(x.Set.cfg.Limits.Progress)
	x.Client.Serves(l.Conn)
	x.out = x.appendRequest(x.out[:0], e.via, x.Request.ContentLength)

	in := e.buffers.Get()
	defer e.buffers.Put(in)
	var outcome Outcome
	if _, err := l.Write(x.out); err != nil {
		close(s.done)
		t.failed(false)
		outcome = Outcome{Err: ErrBroken}
	} else {
		go e.sendBody(x, l)
		outcome = e.relay(x, l, in)
	}
	outcome.BytesIn = s.finish(x, l)
	x.letGo(l, s.keep && s.sent && outcome.Status != 0, s.rest)
	if outcome.Status == 0 && s.err != nil {
		outcome.Err = s.err
	}
	outcome.KeepAlive = outcome.KeepAlive && x.Body.Done()
	return outcome
}

// lastWrite is how long the end of a body may take to leave when the answer has been passed on already.
const lastWrite = 100 * time.Millisecond

// finish ends the sending of the body, of which no more is wanted.
func (s *stream) finish(x *Exchange, l *link) int64 {
	if s.expect.CompareAndSwap(waiting, refused) {
		close(s.start)
	}
	if s.read.Load() {
		timer := time.NewTimer(lastWrite)
		defer timer.Stop()
		select {
		case <-s.done:
		case <-timer.C:
		}
	}
	select {
	case <-s.done:
	default:
		l.Stop(wire.Draining)
		x.Client.BreakRead()
		<-s.done
		x.Client.MendRead()
	}
	s.active = false
	return s.in
}

// connect opens a connection for a request that is sent once.
func (e *Engine) connect(s *Set) (*link, error) {
	var avoid *target
	for attempt := 0; ; attempt++ {
		t := s.pick(avoid)
		if t == nil {
			return nil, ErrUnreachable
		}
		if l := t.take(true); l != nil {
			return l, nil
		}
		l, err := t.dial()
		if err == nil {
			return l, nil
		}
		t.failed(true)
		if !s.mayRetry(attempt, elsewhere, t) {
			return nil, ErrUnreachable
		}
		e.retries.Add(1)
		avoid = t
	}
}

// sendBody passes the client's body on. It stops the link if the body will not come, and then says why in stream.err.
func (e *Engine) sendBody(x *Exchange, l *link) {
	s := &x.stream
	defer close(s.done)
	if !s.await(x) {
		return
	}
	b := e.blocks.Get().(*block)
	defer e.blocks.Put(b)
	progress := x.Set.cfg.Limits.Progress
	chunked := x.Request.ContentLength < 0
	for {
		x.Client.Limit(progress)
		n, err := x.Body.Read(b.data())
		x.Client.Lift()
		whole := err == io.EOF //nolint:errorlint // Body returns it as it is
		if err != nil && !whole {
			s.err = bodyError(x.Client, err)
			l.Stop(wire.ClientLeft)
			return
		}
		if s.in += int64(n); x.MaxBody >= 0 && s.in > x.MaxBody {
			s.err = ErrTooLarge
			l.Stop(wire.ClientLeft)
			return
		}
		s.read.Store(whole)
		piece := b.data()[:n]
		if chunked && n > 0 {
			piece = wire.FrameChunk(b.mem[:], wire.ChunkHeadroom, wire.ChunkHeadroom+n)
		}
		l.Limit(progress)
		if _, err := l.Write(piece); err != nil {
			return // the answer may have come before; whoever reads it will see
		}
		if !whole {
			continue
		}
		if chunked {
			if _, err := l.Write([]byte(wire.LastChunk)); err != nil {
				return
			}
		}
		s.sent = true
		if !l.answered.Load() {
			l.Limit(x.Set.cfg.Limits.FirstByte)
		}
		return
	}
}

// await waits until the body may be sent, and reports whether it is to be.
func (s *stream) await(x *Exchange) bool {
	timer := time.NewTimer(continueAfter)
	defer timer.Stop()
	select {
	case <-s.start:
	case <-timer.C:
		if s.goAhead(x) != nil {
			s.err = ErrClientLeft
			return false
		}
	}
	return s.expect.Load() == goneAhead
}

// bodyError is why a body broke off.
func bodyError(client *wire.Conn, err error) error {
	var fault *wire.MessageError
	switch {
	case errors.As(err, &fault):
		return fault
	case client.Stopped() == wire.TimedOut:
		return ErrSlowBody
	}
	return ErrClientLeft
}
