package forward

import (
	"errors"
	"io"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// continueAfter is how long an upstream is given to say 100; many never do (RFC 9110 section 10.1.1).
const continueAfter = time.Second

// sendBody passes the client's body on, or says in stream.err why it does not come.
func (e *Engine) sendBody(x *Exchange, l *upstream.Conn) {
	s := &x.stream
	defer close(s.done)
	if !s.await(x, l) {
		return
	}
	b := e.blocks.Get().(*block)
	defer e.blocks.Put(b)
	progress := x.Upstream.Timeouts().Progress
	chunked := x.Request.ContentLength < 0
	for whole := false; !whole; {
		x.Client.SetTimeout(progress)
		n, err := x.Body.Read(b.data())
		x.Client.ClearTimeout()
		whole = err == io.EOF //nolint:errorlint // Body returns it as it is
		if err != nil && !whole {
			s.fail(l, bodyError(x.Client, err))
			return
		}
		if s.in += int64(n); x.MaxBody >= 0 && s.in > x.MaxBody {
			s.fail(l, ErrTooLarge)
			return
		}
		s.read.Store(whole)
		_, err = l.Write(b.framed(n, chunked, whole))
		s.sent = whole && err == nil
		if err != nil {
			break // the answer may have come before; whoever reads it will see
		}
		l.RenewTimeout(progress)
	}
	x.answerAwaited(l)
}

// await waits until the body may be sent, and reports whether it is to be.
func (s *stream) await(x *Exchange, l *upstream.Conn) bool {
	timer := time.NewTimer(continueAfter)
	defer timer.Stop()
	select {
	case <-s.start:
	case <-timer.C:
		if err := s.goAhead(x); err != nil {
			s.fail(l, err)
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expect == goneAhead
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

// fail notes that the body does not come, and why. Nothing that the upstream still says matters then.
func (s *stream) fail(l *upstream.Conn, err error) {
	if s.abandoned.Load() {
		return
	}
	s.err = err
	why := wire.Unwanted
	if errors.Is(err, ErrClientLeft) {
		why = wire.ClientGone
	}
	l.Stop(why)
}
