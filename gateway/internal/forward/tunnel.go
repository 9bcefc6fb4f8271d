package forward

import (
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/wire"
)

// tunnelIdle is how long a WebSocket may be silent; its own pings keep it open.
const tunnelIdle = time.Hour

// tunnelClose is how long one side may be silent after the other has ended.
const tunnelClose = 5 * time.Second

// tunnel carries bytes in both directions after the protocol has been changed.
type tunnel struct {
	exchange        *Exchange
	client, replica *wire.Conn
	buffers         *wire.Pool
	idleTimeout     atomic.Int64 // nanoseconds; of both sides
	frames          frames       // of the replica
	early           int64        // bytes that were sent with the 101

	ending  atomic.Bool // by Exchange.End
	reason  string      // set before ending
	resumed bool        // the rest of a frame is waited for
}

// beginTunnel passes on a 101. early is what came with it.
func (x *Exchange) beginTunnel(early []byte) Outcome {
	t := &tunnel{exchange: x, client: x.req.Client, replica: x.conn.Conn, buffers: x.engine.buffers, early: int64(len(early))}
	t.idleTimeout.Store(int64(tunnelIdle))
	t.frames.take(early, false)
	x.tunnel.Store(t)
	t.client.Serves(nil)
	if err := x.streams(); err != nil {
		t.close()
		return Outcome{Err: err}
	}
	x.chooseProtocol()
	x.back = append(x.responseHead(x.back[:0], wire.ToWebSocket, true), early...)
	if _, err := t.client.Write(x.back); err != nil {
		t.close()
		return Outcome{Status: 101}
	}
	t.replica.WriteTimeout = x.req.Upstream.Timeouts().Progress
	x.in.Drop()
	x.out, x.back, x.response = nil, nil, wire.Response{}
	return x.begin(t)
}

// chooseProtocol chooses a subprotocol for an upstream that has chosen none, if there is one to choose.
func (x *Exchange) chooseProtocol() {
	if x.req.Protocol == "" || x.req.ResponseFields == nil {
		return
	}
	for i := range x.response.Fields() {
		if x.response.Kind(i) == wire.Protocols && !x.response.Alias(i) {
			return
		}
	}
	x.req.ResponseFields.Add("Sec-WebSocket-Protocol", x.req.Protocol)
}

func (t *tunnel) close() {
	t.exchange.tunnel.Store(nil)
	t.exchange.conn.Close()
}

// run passes on bytes in both directions until both sides have ended.
func (t *tunnel) run(out *Outcome) {
	defer t.close()
	*out = Outcome{Status: 101}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		extra := t.exchange.req.Body.Extra() // the client has sent it already
		if _, err := t.replica.Write(extra); err == nil {
			out.BytesIn = int64(len(extra)) + t.pump(t.replica, t.client, t.toReplica)
		}
	}()
	out.BytesOut = t.early + t.pump(t.client, t.replica, t.toClient)
	if t.ending.Load() {
		t.sayGoodbye()
	}
	<-sent
}

// toReplica and toClient pass on what has come, and report how much of it, and whether more may follow.
func (t *tunnel) toReplica(p []byte) (int, bool) {
	_, err := t.replica.Write(p)
	return len(p), err == nil
}

func (t *tunnel) toClient(p []byte) (int, bool) {
	ending := t.ending.Load()
	n := t.frames.take(p, ending)
	_, err := t.client.Write(p[:n])
	return n, err == nil && !(ending && (t.frames.atBorder() || t.frames.strange))
}

// pump copies until from ends or either breaks, and then lets the other direction end soon. It returns how many bytes
// it has passed on.
func (t *tunnel) pump(to, from *wire.Conn, pass func([]byte) (int, bool)) (count int64) {
	b := wire.Loan{Pool: t.buffers}
	for {
		t.renewTimeouts()
		n, err := from.Fetch(&b)
		if n > 0 {
			passed, more := pass(b.Memory()[:n])
			count += int64(passed)
			if b.Drop(); !more {
				break
			}
		}
		if err != nil && (from != t.replica || !t.goesOn()) {
			break
		}
	}
	if !t.ending.Load() { // otherwise sayGoodbye has the last word
		to.CloseWrite()
	}
	t.idleTimeout.Store(int64(tunnelClose))
	t.renewTimeouts()
	return count
}

// renewTimeouts gives both sides their time again. It looks twice, so that when one side ends meanwhile the other does
// not keep the longer time.
func (t *tunnel) renewTimeouts() {
	for {
		d := t.idleTimeout.Load()
		t.client.SetTimeout(time.Duration(d))
		t.replica.SetTimeout(time.Duration(d))
		if t.idleTimeout.Load() == d {
			return
		}
	}
}
