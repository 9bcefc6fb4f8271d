package forward

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// Fault is what was wrong with a replica or its response, for the operator. It wraps ErrBroken, ErrInvalid or ErrHandshake, and no
// error that speaks of the client's message.
type Fault struct {
	// Replica is the replica's address.
	Replica string
	// Reason is a sentence: the parser's own, or what became of the connection.
	Reason string

	kind error
}

// Error is for the log.
func (f *Fault) Error() string { return f.kind.Error() + ": " + f.Reason }

// Unwrap is what the client is told.
func (f *Fault) Unwrap() error { return f.kind }

func invalid(replica *upstream.Replica, reason string) *Fault {
	return &Fault{Replica: replica.Addr(), Reason: reason, kind: ErrInvalid}
}

func broken(replica *upstream.Replica, reason string) *Fault {
	return &Fault{Replica: replica.Addr(), Reason: reason, kind: ErrBroken}
}

func untrusted(replica *upstream.Replica, err error) *Fault {
	return &Fault{Replica: replica.Addr(), Reason: err.Error(), kind: ErrHandshake}
}

// blame notes that a request has failed at the replica.
func blame(replica *upstream.Replica, err error) {
	if fault, ok := errors.AsType[*Fault](err); ok {
		err = errors.New(fault.Reason) // what the client is told says less
	}
	replica.Failed(false, err)
}

// Where a connection ended.
const (
	beforeResponse = "before the response began"
	withinRequest  = "before it had taken the request"
	withinHead     = "within the response's head"
	withinBody     = "within the response's body"
)

// endedBy says how a connection ended; err is that of the read or write.
func endedBy(err error, where string) string {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "The upstream closed the connection " + where + "."
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = errno // without the addresses
	}
	return fmt.Sprintf("The upstream's connection failed %s: %v.", where, err)
}

// brokeOff is why a body broke off, or nil if that is not the replica's doing. err is the body's.
func brokeOff(conn *upstream.Conn, err error, progress time.Duration) *Fault {
	switch conn.Stopped() {
	case wire.ClientGone, wire.Unwanted:
		return nil
	case wire.TimedOut:
		return broken(conn.Replica(), fmt.Sprintf("No byte of the response's body has come for %v.", progress))
	}
	if fault, ok := errors.AsType[*wire.MessageError](err); ok {
		return invalid(conn.Replica(), fault.Detail)
	}
	return broken(conn.Replica(), endedBy(err, withinBody))
}
