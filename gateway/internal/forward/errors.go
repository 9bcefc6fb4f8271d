package forward

import (
	"errors"

	"tallygate/gateway/internal/upstream"
)

// Why a request has no response. With each of them nothing has been sent to the client yet.
var (
	// ErrUnreachable: no replica took the request. None has seen a byte of it, unless it may be sent again.
	ErrUnreachable = errors.New("no replica of the upstream can be reached")
	// ErrShortage: the gateway could not open a connection to a replica, for want of something of its own.
	ErrShortage = upstream.ErrShortage
	// ErrHandshake: the upstream was reached, but is not trusted, or does not speak TLS as it has to. It has got nothing of the request.
	ErrHandshake = upstream.ErrHandshake
	// ErrBroken: the replica ended the connection before it responded, and the request may have been processed.
	ErrBroken = errors.New("the upstream ended the connection before it responded")
	// ErrInvalid: the replica's response was not HTTP as we accept it.
	ErrInvalid = errors.New("the upstream's response is malformed")
	// ErrTimeout: the replica has not begun to respond in time.
	ErrTimeout = errors.New("the upstream has not responded in time")
	// ErrClientGone: the client closed the connection; there is nobody to respond to.
	ErrClientGone = errors.New("the client is gone")
	// ErrSlowBody: the client stopped sending its body.
	ErrSlowBody = errors.New("the request's body came to a standstill")
	// ErrTooSlow: the client's body comes more slowly than bodies have to.
	ErrTooSlow = errors.New("the request's body comes too slowly")
	// ErrLoop: the request has been through this gateway too often: an upstream leads back to it.
	ErrLoop = errors.New("the request goes round in a loop")
	// ErrTooLarge: the body is longer than the route allows.
	ErrTooLarge = errors.New("the request's body is too large")
)
