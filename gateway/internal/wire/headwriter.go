package wire

import (
	"cmp"
	"strconv"
)

// Continue is the response that lets a client send its body (RFC 9110 section 15.2.1).
const Continue = http11 + " 100 Continue\r\n\r\n"

// HeadWriter writes one head: StartRequest or StartResponse, then the fields, then EndRequest or EndResponse. Framing and
// the connection's persistence are written at the end, and only there. As with FieldLines, what the parser of this
// package would not read back is a mistake in the program, and panics. The parser's bounds are not checked: added
// lines may make a head larger than the parser accepts.
type HeadWriter struct {
	FieldLines
	status int // 0 for a request
}

// Destination is where a request is sent on to.
type Destination struct {
	// Path is the request's Path or RawPath, or what remains of one from one of its slashes on, or "/".
	Path []byte
	// Base goes before Path: empty, or like "/base". OPTIONS * has no path to put it before.
	Base string
	// Host is the Host field; empty for the client's.
	Host string
	// DefaultHost is for a request in HTTP/1.0 that names none.
	DefaultHost string
}

// StartRequest begins, after b, the head with which the request r is sent on.
func StartRequest(b []byte, r *Request, to Destination) HeadWriter {
	path := to.Path
	if !r.endsIn(path) {
		panic("wire: the path is not the request's")
	}
	b = append(append(b, r.Method...), ' ')
	if to.Base != "" && path[0] == '/' {
		b = appendBase(b, to.Base)
	}
	b = append(append(b, path...), r.Query...)
	b = append(b, " "+http11+hostField...)
	if to.Host == "" && len(r.Host) > 0 {
		b = append(b, r.Host...)
	} else {
		b = appendHost(b, cmp.Or(to.Host, to.DefaultHost))
	}
	return HeadWriter{FieldLines{append(b, "\r\n"...)}, 0}
}

// StartResponse begins, after b, the head with which the response r is passed on. It may be an interim one.
func StartResponse(b []byte, r *Response) HeadWriter {
	b = append(appendStatus(b, r.Status), r.Reason...)
	return HeadWriter{FieldLines{append(b, "\r\n"...)}, r.Status}
}

// StartOwnResponse begins, after b, the head of a response of the gateway's own.
func StartOwnResponse(b []byte, status int, reason string) HeadWriter {
	if status < 100 || status > 599 || valueSpan([]byte(reason), 0) != len(reason) {
		panic("wire: no status: " + strconv.Itoa(status) + " " + reason)
	}
	b = append(appendStatus(b, status), reason...)
	return HeadWriter{FieldLines{append(b, "\r\n"...)}, status}
}

func appendStatus(b []byte, status int) []byte {
	return append(append(b, http11+" "...), byte('0'+status/100), byte('0'+status/10%10), byte('0'+status%10), ' ')
}

// EndRequest ends a request's head, and returns b with it. The connection is kept open, which is the default of HTTP/1.1.
func (w *HeadWriter) EndRequest(framing Framing) []byte {
	if w.status != 0 || framing == UntilClose || framing < ToWebSocket {
		panic("wire: no framing of a request")
	}
	w.frame(framing)
	return append(w.buf, "\r\n"...)
}

// EndResponse ends a response's head, and returns b with it. The client sent its request in HTTP/1.minor. With keepAlive
// it may send another one on this connection, unless the body ends with the connection.
func (w *HeadWriter) EndResponse(framing Framing, keepAlive bool, minor int) []byte {
	if !w.allows(framing, minor) {
		panic("wire: no framing of a response " + strconv.Itoa(w.status))
	}
	w.frame(framing)
	switch {
	case framing == ToWebSocket:
	case !keepAlive || framing == UntilClose:
		w.buf = append(w.buf, "Connection: close\r\n"...)
	case minor == 0:
		w.buf = append(w.buf, "Connection: keep-alive\r\n"...)
	}
	return append(w.buf, "\r\n"...)
}

// allows reports whether a response with the status may have the framing (RFC 9112 sections 6.1 and 7.1).
func (w *HeadWriter) allows(framing Framing, minor int) bool {
	switch {
	case w.status == 0:
		return false
	case framing >= 0:
		return w.status >= 200 && w.status != 204
	case framing == ByChunks:
		return w.status >= 200 && w.status != 204 && minor > 0
	case framing == ToWebSocket:
		return w.status == 101
	}
	return framing == UntilClose || framing == Unframed
}

// frame writes the fields that say where the body ends.
func (w *HeadWriter) frame(framing Framing) {
	switch {
	case framing >= 0:
		w.buf = append(strconv.AppendInt(append(w.buf, "Content-Length: "...), int64(framing), 10), "\r\n"...)
	case framing == ByChunks:
		w.buf = append(w.buf, "Transfer-Encoding: chunked\r\n"...)
	case framing == ToWebSocket:
		w.buf = append(w.buf, "Connection: Upgrade\r\nUpgrade: websocket\r\n"...)
	}
}
