package forward

import (
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// tunnelIdle is how long a WebSocket may be silent; its own pings are what keeps it.
const tunnelIdle = time.Hour

// tunnelClose is how long one side may be silent after the other has ended.
const tunnelClose = 5 * time.Second

// tunnel passes bytes in both directions after the protocol has been changed, until both sides have ended.
func (e *Engine) tunnel(x *Exchange, l *upstream.Conn, early []byte) Outcome {
	out := Outcome{Status: 101}
	x.Client.Serves(nil)
	x.answer = append(x.appendAnswer(x.answer[:0], noLength, true), early...)
	defer l.Close()
	if _, err := x.Client.Write(x.answer); err != nil {
		return out
	}
	l.WriteTimeout = x.Upstream.Timeouts().Progress
	ends := &tunnelEnds{client: x.Client, upstream: l.Conn}
	ends.mayRest.Store(int64(tunnelIdle))
	var in int64
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		extra := x.Body.Extra()
		if _, err := l.Write(extra); err == nil {
			in = int64(len(extra)) + e.pump(ends, l.Conn, x.Client)
		}
	}()
	out.BytesOut = int64(len(early)) + e.pump(ends, x.Client, l.Conn)
	<-sent
	out.BytesIn = in
	return out
}

// tunnelEnds are the two sides of a tunnel, and how long they may be silent.
type tunnelEnds struct {
	client, upstream *wire.Conn
	mayRest          atomic.Int64 // nanoseconds
}

// moved gives both sides time anew. Looking again keeps a side that ends meanwhile from being given the longer time.
func (t *tunnelEnds) moved() {
	for {
		d := t.mayRest.Load()
		t.client.SetTimeout(time.Duration(d))
		t.upstream.SetTimeout(time.Duration(d))
		if t.mayRest.Load() == d {
			return
		}
	}
}

// pump copies until from ends or either breaks, and then lets the other direction end soon. It returns how many bytes
// it has read.
func (e *Engine) pump(ends *tunnelEnds, to, from *wire.Conn) (count int64) {
	b := e.buffers.Get()
	defer e.buffers.Put(b)
	for {
		ends.moved()
		n, err := from.Read(b.Memory())
		count += int64(n)
		if n > 0 {
			if _, err := to.Write(b.Memory()[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	to.CloseWrite()
	ends.mayRest.Store(int64(tunnelClose))
	ends.moved()
	return count
}
