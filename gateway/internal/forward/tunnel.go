package forward

import (
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/wire"
)

// tunnelIdle is how long a WebSocket may be silent; its own pings are what keeps it.
const tunnelIdle = time.Hour

// tunnelClose is how long one side may take to end after the other has.
const tunnelClose = 5 * time.Second

// tunnel passes bytes in both directions after the protocol has been changed, until both sides have ended.
func (e *Engine) tunnel(x *Exchange, l *link, early []byte) Outcome {
	out := Outcome{Status: 101}
	x.Client.Serves(nil)
	x.answer = append(x.appendAnswer(x.answer[:0], noLength, true), early...)
	defer l.target.close(l)
	if _, err := x.Client.Write(x.answer); err != nil {
		return out
	}
	var in, back atomic.Int64
	back.Store(int64(len(early)))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if extra := x.Body.Extra(); len(extra) > 0 {
			in.Add(int64(len(extra)))
			if _, err := l.Write(extra); err != nil {
				return
			}
		}
		e.pump(l.Conn, x.Client, &in)
	}()
	e.pump(x.Client, l.Conn, &back)
	<-sent
	out.BytesIn, out.BytesOut = in.Load(), back.Load()
	return out
}

// pump copies until from ends or either breaks, and then lets the other direction end soon.
func (e *Engine) pump(to, from *wire.Conn, count *atomic.Int64) {
	b := e.buffers.Get()
	defer e.buffers.Put(b)
	for {
		to.Limit(tunnelIdle)
		from.Limit(tunnelIdle)
		n, err := from.Read(b.Memory())
		count.Add(int64(n))
		if n > 0 {
			if _, err := to.Write(b.Memory()[:n]); err != nil {
				break
			}
			to.Limit(tunnelIdle)
		}
		if err != nil {
			break
		}
	}
	to.CloseWrite()
	to.Limit(tunnelClose)
	from.Limit(tunnelClose)
}
