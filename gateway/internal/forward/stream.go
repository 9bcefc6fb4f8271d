package forward

import (
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// stream is a request body on its way while the answer is waited for. Two goroutines share it: one reads the client and
// writes to the upstream, the other reads the upstream and writes to the client. Limits follow from that. While the
// client's bytes are waited for, only the client has one; the upstream has one for each write, and when it alone is
// waited for.
type stream struct {
	active bool
	start  chan struct{} // closed when it is settled whether the body is sent
	done   chan struct{} // closed when nobody reads the client any more
	read   atomic.Bool   // the body has been read to its end

	// mu guards what both do until the final answer begins: to write to the client, and to limit the upstream.
	mu     sync.Mutex
	expect expectation

	abandoned atomic.Bool // that reading the client fails now means nothing
	err       error       // why the body broke off, after done
	in        int64
	sent      bool // all of it, after done

	// What is to become of the link when nobody writes to it any more.
	keep bool
	rest time.Duration
}

type expectation uint8

const (
	waiting   expectation = iota // for a 100
	goneAhead                    // the client sends its body
	refused                      // the client gets no 100, and keeps its body
)

// begin makes s ready for a body.
func (s *stream) begin(expectContinue bool) {
	s.active, s.err, s.in, s.sent, s.keep = true, nil, 0, false, false
	s.read.Store(false)
	s.abandoned.Store(false)
	s.start, s.done = make(chan struct{}), make(chan struct{})
	if s.expect = waiting; !expectContinue {
		s.settle(goneAhead)
	}
}

// settle says, once, whether the body is sent.
func (s *stream) settle(e expectation) {
	if s.expect == waiting {
		s.expect = e
		close(s.start)
	}
}

// goAhead tells a client that waits for it to send the body. Whoever comes first does it.
func (s *stream) goAhead(x *Exchange) error {
	if !s.active {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expect != waiting {
		return nil
	}
	if _, err := x.Client.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
		return ErrClientLeft
	}
	s.settle(goneAhead)
	return nil
}

// answerBegins notes that the final answer is coming: from now on the client is written nothing else.
func (x *Exchange) answerBegins(l *upstream.Conn) {
	s := &x.stream
	if !s.active {
		l.SetResponding()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(refused)
	l.SetResponding()
	l.SetTimeout(x.Upstream.Timeouts().Progress)
}

// answerAwaited limits how long the upstream, which gets no more of the body, may take to begin its answer.
func (x *Exchange) answerAwaited(l *upstream.Conn) {
	x.stream.mu.Lock()
	defer x.stream.mu.Unlock()
	if !l.Responding() {
		l.SetTimeout(x.Upstream.Timeouts().FirstByte)
	}
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
func (x *Exchange) letGo(l *upstream.Conn, keep bool, rest time.Duration) {
	x.Client.Serves(nil)
	switch {
	case x.stream.active:
		x.stream.keep, x.stream.rest = keep, rest
	case keep:
		l.Keep(rest)
	default:
		l.Close()
	}
}

// doStream sends a request whose body has not all come yet. It is sent once; only where no connection could be opened
// is another replica tried.
func (e *Engine) doStream(x *Exchange) Outcome {
	if x.MaxBody >= 0 && x.Request.ContentLength > x.MaxBody {
		return Outcome{Err: ErrTooLarge}
	}
	l, err := e.connect(x.Upstream)
	if err != nil {
		return Outcome{Err: err}
	}
	t := l.Replica()
	t.Enter()
	defer t.Leave()

	s := &x.stream
	s.begin(x.Request.ExpectContinue)
	l.Begin()
	l.WriteTimeout = x.Upstream.Timeouts().Progress
	x.Client.Serves(l.Conn)
	x.out = x.appendRequest(x.out[:0], e.via, x.Request.ContentLength)

	in := e.buffers.Get()
	defer e.buffers.Put(in)
	var outcome Outcome
	if _, err := l.Write(x.out); err != nil {
		close(s.done)
		t.Failed(false)
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
func (s *stream) finish(x *Exchange, l *upstream.Conn) int64 {
	s.mu.Lock()
	s.settle(refused)
	s.mu.Unlock()
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
		s.abandoned.Store(true)
		l.Stop(wire.Unwanted)
		x.Client.BreakRead()
		<-s.done
		x.Client.MendRead()
	}
	s.active = false
	return s.in
}

// connect opens a connection for a request that is sent once.
func (e *Engine) connect(u *upstream.Upstream) (*upstream.Conn, error) {
	tries := tries{upstream: u}
	for {
		t := u.Pick(tries.avoid)
		if t == nil {
			return nil, ErrUnreachable
		}
		if l := t.Take(true); l != nil {
			return l, nil
		}
		l, err := t.Dial()
		if err == nil {
			return l, nil
		}
		t.Failed(true)
		if !tries.another(unsent, t) {
			return nil, ErrUnreachable
		}
		e.retries.Inc()
	}
}
