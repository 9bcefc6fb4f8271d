package wire

import (
	"bytes"
	"time"
)

// Response is the head of a response, as Request is that of a request.
type Response struct {
	header

	Status int
	Reason []byte
	Minor  int

	// ContentLength is what the field says, -1 without one. Chunked: the body is chunked. Without both it ends with the
	// connection.
	ContentLength int64
	Chunked       bool
	// KeepAlive: another request may be sent on this connection.
	KeepAlive bool
	// WebSocket: a 101 that changes the protocol to websocket.
	WebSocket bool
	// IdleTimeout is how long the connection may be idle, by a Keep-Alive field; 0 without one.
	IdleTimeout time.Duration

	started    bool
	line       int // where the status line ends
	connection connectionField
}

// Reset forgets everything.
func (r *Response) Reset() {
	r.forget()
	r.Status, r.Reason, r.Minor, r.ContentLength, r.IdleTimeout = 0, nil, 0, -1, 0
	r.Chunked, r.KeepAlive, r.WebSocket, r.started = false, false, false, false
	r.connection.reset()
}

// Parse is Request.Parse for responses.
func (r *Response) Parse(buf []byte) (int, error) {
	if !r.started {
		if err := r.startLine(buf); err != nil || !r.started {
			return 0, err
		}
	}
	if done, err := r.complete(buf); !done {
		return 0, err
	}
	if err := r.validate(); err != nil {
		return 0, err
	}
	return r.next, nil
}

// statusForm is a status line without its reason.
const statusForm = http11 + " 200"

// startLine reads version SP status [SP reason] CRLF (RFC 9112 section 4). Statuses from 600 on have no meaning in HTTP, but some
// programs have given them one, and all proxies pass them (RFC 9110 section 15).
func (r *Response) startLine(buf []byte) error {
	if len(buf) < len(statusForm)+2 {
		if len(buf) <= 8 && !couldBeVersion(buf) {
			return ErrStartLine
		}
		return nil
	}
	minor, err := parseVersion(buf[:8])
	if err != nil {
		return err
	}
	status, ok := decimal(buf[9:12])
	if !ok || status < 100 || buf[8] != ' ' {
		return ErrStartLine
	}
	end := len(statusForm)
	if buf[end] == ' ' {
		end = valueSpan(buf, end)
	}
	ok, err = r.lineEnd(buf, end)
	if err != nil {
		return ErrStartLine
	}
	if ok {
		r.Minor, r.Status, r.started = minor, int(status), true
		r.line = end
	}
	return nil
}

func (r *Response) validate() error {
	r.Reason = bytes.TrimPrefix(r.buf[len(statusForm):r.line], []byte(" "))
	framing := framingFields{length: -1, tolerant: true}
	var upgrade []byte
	for i := range r.places {
		kind := r.places[i].kind
		if kind == Other || r.places[i].alias {
			continue
		}
		var err error
		switch value := r.Value(i); kind {
		case ContentLength:
			err = framing.contentLength(value)
		case TransferEncoding:
			err = framing.transferEncoding(value)
		case Connection:
			err = r.connection.read(value)
		case Upgrade:
			upgrade = value
		case Hop:
			r.keepAliveField(i)
		}
		if err != nil {
			return err
		}
	}
	var err error
	if r.Chunked, r.ContentLength, err = framing.validate(r.Minor); err != nil {
		return err
	}
	r.KeepAlive = !r.connection.close && (r.Minor == 1 || r.connection.keepAlive) && !framing.identity
	r.WebSocket = r.Status == 101 && r.connection.upgrade && equalFold(upgrade, "websocket")
	return nil
}

// keepAliveField reads timeout=SECONDS, which many servers send.
func (r *Response) keepAliveField(i int) {
	if !equalFold(r.Field(i).Name, "keep-alive") {
		return
	}
	for option := range bytes.SplitSeq(r.Value(i), []byte(",")) {
		from, to := trim(option, 0, len(option))
		if text, ok := bytes.CutPrefix(option[from:to], []byte("timeout=")); ok {
			if seconds, ok := decimal(text); ok && seconds < 1<<20 {
				r.IdleTimeout = time.Duration(seconds) * time.Second
			}
		}
	}
}

// Nominated reports whether the Connection field names this field.
func (r *Response) Nominated(name []byte) bool { return r.connection.nominates(name) }

// Framing says where the body ends, if there is one: see HasBody.
func (r *Response) Framing() Framing {
	switch {
	case r.Chunked:
		return ByChunks
	case r.ContentLength < 0:
		return UntilClose
	}
	return Framing(r.ContentLength)
}

// HasBody reports whether the response has a body (RFC 9112 section 6.3). head: the request was a HEAD.
func (r *Response) HasBody(head bool) bool {
	return !head && r.Status >= 200 && r.Status != 204 && r.Status != 304 && (r.Chunked || r.ContentLength != 0)
}
