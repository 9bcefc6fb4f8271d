package edge

import (
	"context"
	"errors"
)

var errPanic = errors.New("panic")

// strictTransport is the value of the response's field Strict-Transport-Security, which may only be sent over TLS (RFC 6797
// section 7.2); empty for none.
func (c *conn) strictTransport() string {
	if c.tls == nil {
		return ""
	}
	return c.server.cfg.StrictTransport
}

// shakeHands begins TLS. It runs in a goroutine of its own, whose stack it makes large.
func (c *conn) shakeHands() {
	if c.handshake() != nil {
		c.wire.Close()
		c.server.closed(c)
		return
	}
	go c.serve()
}

func (c *conn) handshake() (err error) {
	defer c.survive(&err)
	c.wire.SetTimeout(headTimeout)
	return c.tls.HandshakeContext(context.Background())
}
