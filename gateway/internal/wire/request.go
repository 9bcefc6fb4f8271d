package wire

import (
	"bytes"
	"slices"
)

// Request is a request's head. Its slices point into the buffer that it was read from. The zero value is ready for use;
// Reset makes it so again.
type Request struct {
	header

	Method []byte
	// Path is the path to route by and to send on, as CleanPath makes it. It is "*" for the request OPTIONS *. If there is a
	// Sign it is empty.
	Path []byte
	// Sign is what servers read in different ways in the path, and only some routes take: %2F, %3B, ";" or an empty segment.
	// All others must refuse the request with it. It is nil if there is nothing of the kind.
	Sign  *MessageError
	Query []byte // with its "?", as CleanQuery makes it; may be empty
	Host  []byte // empty only in HTTP/1.0
	Minor int    // of the version: 0 or 1

	// ContentLength is the body's length, 0 without one, -1 if it is chunked.
	ContentLength int64
	// KeepAlive: the client may send another request on this connection.
	KeepAlive bool
	// ExpectContinue: the client waits for a 100 before it sends the body.
	ExpectContinue bool
	// WebSocket: a well-formed request to change the protocol to websocket.
	WebSocket bool
	// RequestID is what the client sent; empty if nothing or several.
	RequestID []byte
	// TraceParent is what the client sent; empty if nothing or several.
	TraceParent []byte

	started    bool // the request line has been read
	blank      bool // an empty line was skipped before it
	target     [2]int
	scanned    int    // how far an incomplete target has been read
	maxTarget  int    // 0: the bound of the head
	rawPath    [2]int // the path as it came, in the buffer
	ownPath    bool   // Path is not in the buffer
	ownQuery   bool   // the same of Query
	authority  []byte // of an absolute-form target
	schemePort string // of its scheme
	connection connectionField
}

// Reset forgets everything.
func (r *Request) Reset() {
	r.forget()
	r.Method, r.Path, r.Query, r.Host, r.RequestID, r.TraceParent, r.authority = nil, nil, nil, nil, nil, nil, nil
	r.scanned = 0
	r.Sign, r.rawPath, r.ownPath, r.ownQuery = nil, [2]int{}, false, false
	r.ContentLength, r.Minor = 0, 0
	r.KeepAlive, r.ExpectContinue, r.WebSocket, r.started, r.blank = false, false, false, false, false
	r.connection.reset()
}

// Parse reads the head at the beginning of buf. It returns the head's length once the head is complete. Before that it
// returns 0, and is called again with the same bytes and more. Any error is a *MessageError; the connection has to be
// closed after the response. buf is not changed.
func (r *Request) Parse(buf []byte) (int, error) {
	if !r.started {
		err := r.startLine(buf)
		if err == nil && !r.started && len(buf) >= r.maxBytes() {
			err = ErrTargetTooLong // the method and the version are short
		}
		if err != nil || !r.started {
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

// startLine reads method SP target SP version CRLF (RFC 9112 section 3), with exactly these separators.
func (r *Request) startLine(buf []byte) error {
	i := r.next
	if !r.blank && len(buf) > 0 && buf[0] == '\r' {
		// One empty line before a request is skipped: old clients send it after a body (section 2.2).
		if len(buf) == 1 {
			return nil
		}
		if buf[1] != '\n' {
			return ErrStartLine
		}
		r.blank, r.next, i = true, 2, 2
	}
	const maxMethod = 32
	methodEnd := span(buf, i, isToken)
	if methodEnd-i > maxMethod {
		return ErrStartLine
	}
	if methodEnd == len(buf) {
		return nil
	}
	if methodEnd == i || buf[methodEnd] != ' ' {
		return ErrStartLine
	}
	target := methodEnd + 1
	targetEnd := span(buf, max(target, r.scanned), isTarget)
	if targetEnd-target > r.targetBytes() {
		return ErrTargetTooLong
	}
	if r.scanned = targetEnd; targetEnd == len(buf) {
		return nil
	}
	if buf[targetEnd] != ' ' {
		if buf[targetEnd] == '\r' || buf[targetEnd] == '\n' {
			return ErrStartLine // HTTP/0.9
		}
		return ErrTarget
	}
	end := targetEnd + 1 + len(http11)
	if len(buf) < end+2 {
		if !couldBeVersion(buf[targetEnd+1:]) {
			return ErrStartLine
		}
		return nil
	}
	minor, err := parseVersion(buf[targetEnd+1 : end])
	if err != nil {
		return err
	}
	if buf[end] != '\r' || buf[end+1] != '\n' || target == targetEnd {
		return ErrStartLine
	}
	r.Minor, r.target = minor, [2]int{target, targetEnd}
	r.started, r.next = true, end+2
	return nil
}

// validate reads what a complete head says, and refuses what two servers could read differently.
func (r *Request) validate() error {
	line := r.buf
	if r.blank {
		line = line[2:]
	}
	r.Method = line[:bytes.IndexByte(line, ' ')]
	if string(r.Method) == "CONNECT" {
		return ErrConnect
	}
	if err := r.splitTarget(); err != nil {
		return err
	}
	found := requestFields{framing: framingFields{length: -1}}
	if err := r.read(&found); err != nil {
		return err
	}
	if err := r.validateHost(found.hosts); err != nil {
		return err
	}
	chunked, length, err := found.framing.validate(r.Minor)
	if err != nil {
		return err
	}
	if r.ContentLength = max(length, 0); chunked {
		r.ContentLength = -1
	}
	r.KeepAlive = !r.connection.close && (r.Minor == 1 || r.connection.keepAlive)
	r.ExpectContinue = r.ExpectContinue && r.ContentLength != 0
	r.WebSocket = r.connection.upgrade && r.Minor == 1 && r.ContentLength == 0 &&
		string(r.Method) == "GET" && equalFold(found.upgrade, "websocket")
	return nil
}

// requestFields is what the fields of one request say together.
type requestFields struct {
	hosts, ids, parents int
	framing             framingFields
	upgrade             []byte
}

// read takes in the fields that this package understands.
func (r *Request) read(found *requestFields) (err error) {
	for i := range r.places {
		kind := r.places[i].kind
		if kind == Other || r.places[i].alias {
			continue
		}
		switch value := r.Value(i); kind {
		case Host:
			found.hosts++
			r.Host = value
		case ContentLength:
			err = found.framing.contentLength(value)
		case TransferEncoding:
			err = found.framing.transferEncoding(value)
		case Connection:
			err = r.connection.read(value)
		case Upgrade:
			found.upgrade = append(slices.Clip(found.upgrade), value...) // several fields together are not "websocket"
		case Expect:
			if r.Minor == 1 && !equalFold(value, "100-continue") {
				err = ErrExpectation
			}
			r.ExpectContinue = r.Minor == 1
		case RequestID:
			found.ids++
			r.RequestID = value
		case TraceParent:
			found.parents++
			r.TraceParent = value
		}
		if err != nil {
			return err
		}
	}
	if found.ids > 1 {
		r.RequestID = nil
	}
	if found.parents > 1 {
		r.TraceParent = nil
	}
	return nil
}

// validateHost wants exactly one Host in HTTP/1.1 and at most one in HTTP/1.0, and that an absolute-form target agrees
// with it (RFC 9112 section 3.2).
func (r *Request) validateHost(hosts int) error {
	if hosts > 1 || hosts == 0 && r.Minor == 1 || hosts == 1 && !ValidHost(r.Host) {
		return ErrHost
	}
	if r.authority == nil {
		return nil
	}
	if hosts == 0 {
		r.Host = r.authority
		return nil
	}
	if !sameHost(r.authority, r.Host, r.schemePort) {
		return ErrHostDiffers
	}
	return nil
}

// Move makes the head point into to, a copy of from, which begins with the head. from is the memory that was parsed.
func (r *Request) Move(from, to []byte) {
	r.header.buf = moved(r.header.buf, from, to)
	for _, part := range []*[]byte{&r.Method, &r.Host, &r.RequestID, &r.TraceParent, &r.authority} {
		*part = moved(*part, from, to)
	}
	if !r.ownPath {
		r.Path = moved(r.Path, from, to)
	}
	if !r.ownQuery {
		r.Query = moved(r.Query, from, to)
	}
	for i := range r.connection.nominated {
		r.connection.nominated[i] = moved(r.connection.nominated[i], from, to)
	}
}

// moved is the part of to that corresponds to a part of from.
func moved(part, from, to []byte) []byte {
	if len(part) == 0 {
		return part[:0:0]
	}
	at := cap(from) - cap(part)
	return to[at : at+len(part)]
}

// Framing says where the body ends.
func (r *Request) Framing() Framing { return Framing(r.ContentLength) }

// Nominated reports whether the Connection field names this field, which then goes no further.
func (r *Request) Nominated(name []byte) bool { return r.connection.nominates(name) }
