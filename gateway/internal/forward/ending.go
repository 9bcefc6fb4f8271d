package forward

import "tallygate/gateway/internal/wire"

// End breaks the exchange off because its user may not call any more. What Do returns then depends on how far it has come:
//
//   - No response has begun: the error is ErrClientGone, and the caller can still tell the client.
//   - The response has begun: it stays incomplete.
//   - A WebSocket: if the replica's last frame is complete, the client gets a close frame with the status 1008 and the
//     reason, which is short. Otherwise the rest of that frame is waited for.
//
// The request is broken off at the replica. The client's connection needs AllowReads before it is read again. Another
// goroutine calls End while Do runs; the client is the request's.
func (x *Exchange) End(client *wire.Conn, reason string) {
	if t := x.tunnel.Load(); t != nil {
		t.end(reason)
		return
	}
	client.BreakOff()
}

// Cut is for an exchange that goes on after End because a peer does not move. The client's connection is stopped.
func (x *Exchange) Cut(client *wire.Conn) {
	client.Cut(wire.Unwanted)
	if t := x.tunnel.Load(); t != nil {
		t.replica.Stop(wire.Unwanted)
	}
}

// end is End for a tunnel.
func (t *tunnel) end(reason string) {
	t.reason = reason
	t.ending.Store(true)
	t.client.InterruptReads()
	t.replica.InterruptReads()
}

// goesOn reports whether the rest of a frame is to be waited for when reading the replica was interrupted.
func (t *tunnel) goesOn() bool {
	if !t.ending.Load() || t.resumed || t.frames.strange || t.frames.atBorder() {
		return false
	}
	t.resumed = true
	t.replica.AllowReads()
	return true
}

// sayGoodbye tells the client that the tunnel was ended, if that is possible, and then lets go of the replica.
func (t *tunnel) sayGoodbye() {
	if t.frames.atBorder() && !t.frames.closing {
		_, _ = t.client.Write(appendClose(nil, policyViolation, t.reason)) // a client that is gone does not need it
	}
	t.replica.Stop(wire.Unwanted)
}
