package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"

	"tallygate/gateway/internal/h2"
)

var errPanic = errors.New("panic")

// strictTransport is the value of the response's field Strict-Transport-Security, which may only be sent over TLS (RFC 6797
// section 7.2); empty for none.
func (c *conn) strictTransport() string {
	if c.proto != "https" {
		return ""
	}
	return c.server.cfg.StrictTransport
}

// shakeHands begins TLS. It runs in a goroutine of its own, whose stack it makes large.
func (c *conn) shakeHands() {
	err := c.handshake()
	switch {
	case err != nil:
	case c.tls.ConnectionState().NegotiatedProtocol == h2.Protocol:
		c.frames = true
		c.server.cfg.Budget.Take(http2Bytes)
		go c.serveHTTP2()
		return
	default:
		go c.serve()
		return
	}
	c.tellOfTLS(err)
	c.wire.Close()
	c.server.closed(c)
}

// errPlainHTTP: the client speaks HTTP without TLS to a port that speaks TLS.
var errPlainHTTP = errors.New("plain HTTP on a port of HTTPS")

// tellOfTLS responds to a client that has sent a request instead of a handshake. The handshake has failed with its first bytes, so
// this costs no more than a refusal does. Who sends anything else gets no response.
func (c *conn) tellOfTLS(why error) {
	defer c.survive(nil)
	record, ok := errors.AsType[tls.RecordHeaderError](why)
	if !ok || !beginsRequest(record.RecordHeader) {
		return
	}
	c.wire.SetTimeout(toldTimeout)
	c.wire.RefuseTLS(c.server.refusalResponse(errPlainHTTP, record.RecordHeader[:]), toldBytes)
}

// beginsRequest reports whether a client's first bytes look like a method in capital letters, and perhaps a target.
func beginsRequest(first [5]byte) bool {
	method, _, _ := strings.Cut(string(first[:]), " ")
	return len(method) > 2 && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func (c *conn) handshake() (err error) {
	defer c.survive(&err)
	c.wire.SetTimeout(headTimeout)
	return c.tls.HandshakeContext(context.Background())
}
