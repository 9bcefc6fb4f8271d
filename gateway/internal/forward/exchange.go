package forward

import (
	"errors"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// Exchange is the memory and the state of one request on its way to an upstream and back. Between two requests only the
// memory is kept. The zero value can be used.
type Exchange struct {
	req    *Request
	engine *Engine

	conn     *upstream.Conn // carries the request
	response wire.Response
	upload   upload
	hops     hops
	// stream is the response if it is one that Finish passes on; sent is how much of a body the replica has got before.
	stream stream
	sent   int64
	// tunnel is set while the exchange is a WebSocket, for End.
	tunnel atomic.Pointer[tunnel]
	// The arguments of release, kept until the upload no longer writes to conn.
	keepConn bool
	idle     time.Duration

	in   wire.Loan // what has come of the response
	out  []byte    // the request as the replica gets it, kept for sending it again
	back []byte    // the response's head, and what is sent to the client together with it
}

// stream is a response that lasts. run releases the connection, whatever happens.
type stream interface{ run(out *Outcome) }

// forget drops what belongs to the request.
func (x *Exchange) forget() {
	x.in.Drop()
	x.req, x.conn, x.stream, x.upload.req, x.upload.conn = nil, nil, nil, nil, nil
}

func (x *Exchange) forgetUnlessStreaming() {
	if x.stream == nil {
		x.forget()
	}
}

// finished ends the request at the replica after a stream.
func (x *Exchange) finished() {
	x.conn.Replica().Leave()
	x.forget()
}

// begin makes s what Finish passes on.
func (x *Exchange) begin(s stream) Outcome {
	x.stream = s
	return Outcome{Streams: true}
}

// do carries the request.
func (x *Exchange) do() Outcome {
	if x.countHops(); x.hops.all >= maxHops {
		return Outcome{Err: ErrLoop}
	}
	x.req.WebSocket = x.req.WebSocket && x.req.Head.WebSocket
	if body, whole := x.req.Body.Buffered(); whole {
		return x.sendWhole(body)
	}
	return x.sendStream()
}

// sendWhole sends a request that is whole in memory, again if need be.
func (x *Exchange) sendWhole(body []byte) Outcome {
	if x.req.MaxBody >= 0 && int64(len(body)) > x.req.MaxBody {
		return Outcome{Err: ErrTooLarge}
	}
	x.out = x.requestHead(x.out[:0], wire.Framing(len(body)), false)
	x.out = append(x.out, body...)
	x.req.Body.Skip()
	x.sent = int64(len(body))
	tries := newTries(x.req.Upstream, x.req.Head.Method)
	for {
		replica := x.req.Upstream.Pick(tries.avoid)
		if replica == nil {
			return Outcome{Err: ErrUnreachable}
		}
		out, fate := x.try(replica, &tries)
		out.BytesIn = x.sent
		if !tries.another(fate, replica) {
			return out
		}
		x.engine.retries.Inc()
	}
}

// try sends a request that is whole in memory to one replica, and passes the response on.
func (x *Exchange) try(replica *upstream.Replica, tries *tries) (Outcome, fate) {
	replica.Enter()
	defer x.leave(replica)
	var conn *upstream.Conn
	if !tries.fresh {
		conn = replica.Take(!tries.repeatable)
	}
	reused := conn != nil
	if !reused {
		var err error
		if conn, err = replica.Dial(); err != nil {
			return Outcome{Err: unconnected(replica, err)}, unsent
		}
	}
	x.conn = conn
	conn.Begin(tries.movable())
	conn.SetTimeout(x.req.Upstream.Timeouts().FirstByte)
	x.req.Client.Serves(conn.Conn)
	x.addressTo(replica)
	n, err := conn.Exchange(x.out, &x.in)
	if n == 0 {
		why := conn.Stopped() // says more than the error
		x.release(false, 0)
		if why == 0 && wire.ShortageIn(err) != "" {
			return Outcome{Err: ErrShortage}, final
		}
		return noResponse(replica, why, err, reused)
	}
	x.in.Filled(n)
	return (&relay{x}).run(), final
}

// leave ends the request at the replica, unless Finish does.
func (x *Exchange) leave(replica *upstream.Replica) {
	if x.stream == nil {
		replica.Leave()
	}
}

// noResponse classifies a try in which no byte came back: the connection was stopped, or broke with an error.
func noResponse(replica *upstream.Replica, why wire.Stop, err error, reused bool) (Outcome, fate) {
	switch {
	case why == wire.ClientGone:
		return Outcome{Err: ErrClientGone}, final
	case why == wire.Ejected:
		return Outcome{Err: broken(replica, "The replica was found to hang.")}, hung
	case why == wire.TimedOut:
		blame(replica, ErrTimeout)
		return Outcome{Err: ErrTimeout}, final
	case reused:
		return Outcome{Err: broken(replica, endedBy(err, beforeResponse))}, closed
	}
	fault := broken(replica, endedBy(err, beforeResponse))
	blame(replica, fault)
	return Outcome{Err: fault}, failed
}

// unwritten is what it means that a request's head could not be written.
func unwritten(replica *upstream.Replica, err error) Outcome {
	if wire.ShortageIn(err) != "" {
		return Outcome{Err: ErrShortage}
	}
	fault := broken(replica, endedBy(err, withinRequest))
	blame(replica, fault)
	return Outcome{Err: fault}
}

// sendStream sends a request whose body has not all come yet. It is sent once. Another replica is tried only if no
// connection could be opened.
func (x *Exchange) sendStream() Outcome {
	r := x.req
	if r.MaxBody >= 0 && r.Head.ContentLength > r.MaxBody {
		return Outcome{Err: ErrTooLarge}
	}
	x.out = x.requestHead(x.out[:0], r.Head.Framing(), true)
	if err := x.streams(); err != nil {
		return Outcome{Err: err}
	}
	conn, err := x.connect()
	if err != nil {
		return Outcome{Err: err}
	}
	replica := conn.Replica()
	replica.Enter()
	defer replica.Leave()

	x.conn, x.keepConn, x.upload.memory.blocks = conn, false, x.engine.blocks
	x.upload.begin(r, conn)
	conn.Begin(false)
	conn.WriteTimeout = r.Upstream.Timeouts().Progress
	r.Client.Serves(conn.Conn)
	x.addressTo(replica)

	var out Outcome
	if _, err := conn.Write(x.out); err != nil {
		close(x.upload.done)
		out = unwritten(replica, err)
	} else {
		x.out = slim(x.out) // it is not sent again
		go x.upload.run(x.pace())
		if out = (&relay{x}).run(); out.Streams {
			x.stream.run(&out)
			x.stream = nil
		}
	}
	x.upload.finish()
	x.release(x.keepConn && x.upload.sent && out.Status != 0, x.idle)
	if out.Status == 0 && x.upload.err != nil {
		out.Err = x.upload.err
	}
	out.BytesIn = x.upload.bytes
	out.KeepAlive = out.KeepAlive && r.Body.Done()
	return out
}

// pace is how fast the request's body has to come. A stream of HTTP/2 may be a conversation, and takes little of the upstream.
func (x *Exchange) pace() wire.Pace {
	if x.req.Upstream.HTTP2() {
		return wire.Pace{}
	}
	return wire.Pace{Least: x.engine.rate}
}

// connect returns a connection for a request that is sent once. It fails as unconnected says.
func (x *Exchange) connect() (*upstream.Conn, error) {
	tries := tries{upstream: x.req.Upstream}
	for {
		replica := x.req.Upstream.Pick(tries.avoid)
		if replica == nil {
			return nil, ErrUnreachable
		}
		if conn := replica.Take(true); conn != nil {
			return conn, nil
		}
		conn, err := replica.Dial()
		if err == nil {
			return conn, nil
		}
		if !tries.another(unsent, replica) {
			return nil, unconnected(replica, err)
		}
		x.engine.retries.Inc()
	}
}

// unconnected is what it means for a request that no connection could be opened. Another replica may do even if the
// gateway lacks something: it has other local ports there, and perhaps a kept connection.
func unconnected(replica *upstream.Replica, err error) error {
	switch {
	case errors.Is(err, ErrShortage):
		return ErrShortage
	case errors.Is(err, wire.ErrOverloaded):
		return wire.ErrOverloaded
	case errors.Is(err, ErrHandshake):
		return untrusted(replica, err)
	}
	return ErrUnreachable
}

// streams notes that the exchange takes as long as its stream. An error refuses it.
func (x *Exchange) streams() error {
	if x.req.Streamer == nil {
		return nil
	}
	return x.req.Streamer.Streams()
}

// slim gives up memory that has grown and is no longer needed.
func slim(b []byte) []byte {
	const kept = 2 << 10
	if cap(b) > kept {
		return nil
	}
	return b
}

// release gives the connection back to its replica. With keep it may be idle for so long, and carry another request.
// While the body is still being sent, release only keeps its arguments: sendStream calls it again after the upload.
func (x *Exchange) release(keep bool, idle time.Duration) {
	x.req.Client.Serves(nil)
	switch {
	case x.upload.active:
		x.keepConn, x.idle = keep, idle
	case keep:
		x.conn.Keep(idle)
	default:
		x.conn.Close()
	}
}

// bodyRead reports whether the client has sent its body to the end.
func (x *Exchange) bodyRead() bool {
	if x.upload.active {
		return x.upload.received.Load()
	}
	return x.req.Body.Done()
}

// staysOpen reports whether the response's head, written now, lets the client send another request.
func (x *Exchange) staysOpen() bool { return x.req.KeepAlive && x.bodyRead() && !x.req.Draining.Load() }
