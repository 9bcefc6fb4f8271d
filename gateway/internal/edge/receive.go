package edge

import (
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/wire"
)

// readHead reads until the head is complete. Until then the connection may be closed for another one: nobody has to be
// served before half a head is whole.
func (c *conn) readHead(k *call) error {
	waiting := busy
	for {
		n, err := k.request.Parse(c.buffer.Bytes())
		if err != nil || n > 0 {
			if waiting != busy && !c.state.CompareAndSwap(waiting, busy) {
				return errDismissed
			}
			return err
		}
		if waiting == busy {
			c.wire.SetTimeout(headTimeout) // for the whole head: a further byte does not renew it
			waiting = c.server.clients.now() | partial
			c.state.Store(waiting)
		}
		if err := c.server.buffers.Room(c.buffer); err != nil {
			return err
		}
		if n, err = c.wire.Read(c.buffer.Free()); n == 0 {
			return err
		}
		c.buffer.Filled(n)
	}
}

// gather waits for the rest of a short body, so that head and body can be sent in one piece, and sent again. A body that
// is long or chunked, or for which the client wants a 100, is streamed instead. The timeout is that of a streamed body:
// it is renewed with each piece. Errors: those of forward.BodyError, and wire.ErrOverloaded.
func (c *conn) gather(k *call) error {
	r := &k.request
	if _, whole := k.body.Buffered(); whole || r.ContentLength < 0 || r.ExpectContinue ||
		int64(r.HeadBytes())+r.ContentLength > wire.ShortBytes {
		return nil
	}
	length := r.HeadBytes() + int(r.ContentLength)
	if !k.makeRoom(length) {
		return wire.ErrOverloaded
	}
	pace := wire.Pace{Least: c.server.cfg.Engine.BodyRate()}
	pace.Had(len(c.buffer.Bytes()) - r.HeadBytes())
	for len(c.buffer.Bytes()) < length {
		timeout, late := pace.Wait(c.wire.Clock(), k.route.Timeouts.Progress)
		c.wire.SetTimeout(timeout)
		n, _ := c.wire.Read(c.buffer.Free())
		if n == 0 {
			return forward.BodyError(c.wire, late)
		}
		pace.Came(c.wire.Clock(), n)
		c.buffer.Filled(n)
	}
	k.body.Begin(c.wire, c.buffer.Bytes()[r.HeadBytes():], r.Framing())
	if !c.wire.ClearTimeout() {
		return forward.ErrClientGone
	}
	return nil
}
