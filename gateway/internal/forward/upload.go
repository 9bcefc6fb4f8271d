package forward

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

const (
	// continueAfter is how long an upstream is given to say 100; many never do (RFC 9110 section 10.1.1).
	continueAfter = time.Second
	// lastWrite is how long the end of a body may take to leave when the response has been passed on already.
	lastWrite = 100 * time.Millisecond
)

// upload is a request's body on its way while the response is waited for. Two goroutines share it: run reads the client
// and writes to the replica, the relay reads the replica and writes to the client. The timeouts follow from that. While
// the client's bytes are waited for, only the client has one. The replica has one for each write, and when it alone is
// waited for.
type upload struct {
	active bool
	req    *Request
	conn   *upstream.Conn

	start    chan struct{} // closed when it is settled whether the body is sent
	done     chan struct{} // closed when nobody reads the client any more
	received atomic.Bool   // the client has sent the body to its end

	// mu guards what both do until the final response begins: to write to the client, and to set the replica's timeout.
	mu     sync.Mutex
	expect expectation

	memory    lentBlock
	abandoned atomic.Bool // from now on, an error of the client's connection means nothing

	// Set by run, and read after done.
	err   error // why the body broke off
	bytes int64
	sent  bool // all of it
}

type expectation uint8

const (
	waiting   expectation = iota // for a 100
	goneAhead                    // the client sends its body
	refused                      // the client gets no 100, and keeps its body
)

// begin makes u ready for the body of a request that is sent on conn.
func (u *upload) begin(r *Request, conn *upstream.Conn) {
	u.active, u.req, u.conn = true, r, conn
	u.err, u.bytes, u.sent = nil, 0, false
	u.received.Store(false)
	u.abandoned.Store(false)
	u.start, u.done = make(chan struct{}), make(chan struct{})
	if u.expect = waiting; !r.Head.ExpectContinue {
		u.settle(goneAhead)
	}
}

// settle decides, once, whether the body is sent. The caller holds mu, or is alone.
func (u *upload) settle(e expectation) {
	if u.expect == waiting {
		u.expect = e
		close(u.start)
	}
}

// run passes the client's body on, or notes in err why it does not come.
func (u *upload) run(pace wire.Pace) {
	defer close(u.done)
	if u.req.Streamer != nil {
		defer u.req.Streamer.Uploaded()
	}
	if !u.await() {
		return
	}
	defer u.memory.Return()
	r, progress := u.req, u.req.Upstream.Timeouts().Progress
	chunked := r.Head.ContentLength < 0
	for whole := false; !whole; {
		if u.conn.Responding() { // then the upstream decides how long it takes
			pace.Least = 0
		}
		timeout, late := pace.Wait(r.Client.Clock(), progress)
		r.Client.SetTimeout(timeout)
		n, err := r.Body.Fetch(&u.memory)
		r.Client.ClearTimeout()
		pace.Came(r.Client.Clock(), n)
		whole = err == io.EOF //nolint:errorlint // Body returns it as it is
		if err != nil && !whole {
			u.fail(bodyError(r.Client, err, late))
			return
		}
		if u.bytes += int64(n); r.MaxBody >= 0 && u.bytes > r.MaxBody {
			u.fail(ErrTooLarge)
			return
		}
		u.received.Store(whole)
		u.memory.Lend()
		_, err = u.conn.Write(u.memory.framed(n, chunked, whole, r.Body))
		u.memory.Return()
		u.sent = whole && err == nil
		if err != nil {
			break // the response may have come before; the relay will see
		}
		u.conn.RenewTimeout(progress)
	}
	u.responseAwaited()
}

// await waits until the body may be sent, and reports whether it is to be.
func (u *upload) await() bool {
	timer := time.NewTimer(continueAfter)
	defer timer.Stop()
	select {
	case <-u.start:
	case <-timer.C:
		if err := u.goAhead(); err != nil {
			u.fail(err)
			return false
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.expect == goneAhead
}

// goAhead tells a client that waits for it to send the body. Whichever goroutine comes first does it.
func (u *upload) goAhead() error {
	if !u.active {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.expect != waiting {
		return nil
	}
	if _, err := u.req.Client.Write([]byte(wire.Continue)); err != nil {
		return ErrClientGone
	}
	u.req.Client.AwaitsHead()
	u.settle(goneAhead)
	return nil
}

// responseBegins notes that the final response is coming: from now on only the relay writes to the client.
func (u *upload) responseBegins() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.settle(refused)
	u.conn.SetResponding()
	u.conn.SetTimeout(u.req.Upstream.Timeouts().Progress)
}

// responseAwaited bounds how long the replica may take to begin its response. It gets no more of the body.
func (u *upload) responseAwaited() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.conn.Responding() {
		u.conn.SetTimeout(u.req.Upstream.Timeouts().FirstByte)
	}
}

// bodyError is why a body broke off.
func bodyError(client *wire.Conn, err error, late bool) error {
	if fault, ok := errors.AsType[*wire.MessageError](err); ok {
		return fault
	}
	return BodyError(client, late)
}

// BodyError is why a client's connection has no more of a body. late: its timeout was what Pace.Wait had left.
func BodyError(client *wire.Conn, late bool) error {
	switch {
	case client.Stopped() != wire.TimedOut:
		return ErrClientGone
	case late:
		return ErrTooSlow
	}
	return ErrSlowBody
}

// fail notes why the body does not come. It stops the replica's connection: no response is needed any more.
func (u *upload) fail(err error) {
	if u.abandoned.Load() {
		return
	}
	u.err = err
	why := wire.Unwanted
	if errors.Is(err, ErrClientGone) {
		why = wire.ClientGone
	}
	u.conn.Stop(why)
}

// finish ends the upload: no more of the body is wanted.
func (u *upload) finish() {
	u.mu.Lock()
	u.settle(refused)
	u.mu.Unlock()
	if u.received.Load() {
		timer := time.NewTimer(lastWrite)
		defer timer.Stop()
		select {
		case <-u.done:
		case <-timer.C:
		}
	}
	select {
	case <-u.done:
	default:
		u.abandoned.Store(true)
		u.conn.Stop(wire.Unwanted)
		u.req.Client.InterruptReads()
		<-u.done
		u.req.Client.AllowReads()
	}
	u.active = false
}
