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
	client, replica *wire.Conn
	buffers         *wire.Pool
	idleTimeout     atomic.Int64 // nanoseconds; of both sides
}

// run ends when both sides have ended. extra is what the client has sent already. It returns how many bytes came from
// the client and from the replica.
func (t *tunnel) run(extra []byte) (in, out int64) {
	t.idleTimeout.Store(int64(tunnelIdle))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if _, err := t.replica.Write(extra); err == nil {
			in = int64(len(extra)) + t.pump(t.replica, t.client)
		}
	}()
	out = t.pump(t.client, t.replica)
	<-sent
	return in, out
}

// pump copies until from ends or either breaks, and then lets the other direction end soon. It returns how many bytes
// it has read.
func (t *tunnel) pump(to, from *wire.Conn) (count int64) {
	b := wire.Loan{Pool: t.buffers}
	for {
		t.renewTimeouts()
		n, err := from.Fetch(&b)
		count += int64(n)
		if n > 0 {
			_, failed := to.Write(b.Memory()[:n])
			if b.Drop(); failed != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	to.CloseWrite()
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
