package forward

import (
	"bytes"
	"strconv"

	"tallygate/gateway/internal/wire"
)

// appendRequest writes the request's head as the upstream gets it: framing, hop-by-hop fields and what proxies say are
// ours; identity fields from the client are dropped, with everything that an upstream might take for them. length is
// that of the body, -1 for chunks.
func (x *Exchange) appendRequest(b []byte, via string, length int64) []byte {
	r := x.req.Head
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, x.req.Path...)
	b = append(b, r.Query...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	if len(r.Host) == 0 {
		b = append(b, x.req.Upstream.Host()...) // HTTP/1.0 without one
	}
	b = append(b, r.Host...)
	b = append(b, "\r\nVia: "...)
	for i := range r.Fields() {
		if r.Kind(i) == wire.Via {
			if f := r.Field(i); !f.Alias {
				b = append(append(b, f.Value...), ", "...)
			}
		}
	}
	b = append(b, '1', '.', '0'+byte(r.Minor), ' ')
	b = append(append(b, via...), "\r\nX-Forwarded-For: "...)
	b = append(append(b, x.req.ClientAddr...), "\r\nX-Forwarded-Proto: "...)
	b = append(append(b, x.req.Proto...), "\r\nX-Request-Id: "...)
	b = append(append(b, x.req.RequestID...), '\r', '\n')
	if len(x.req.Host) > 0 {
		b = append(append(append(b, "X-Forwarded-Host: "...), x.req.Host...), '\r', '\n')
	}
	if len(x.req.IdentityValue) > 0 {
		b = append(append(append(b, x.req.IdentityName...), ": "...), x.req.IdentityValue...)
		b = append(b, '\r', '\n')
	}
	for i := range r.Fields() {
		switch r.Kind(i) {
		case wire.Other, wire.Authorization, wire.Origin:
			f := r.Field(i)
			if f.Alias || r.Nominated(f.Name) || x.req.Identities.Has(f.Name) {
				continue
			}
			b = appendField(b, f.Name, f.Value)
		case wire.MaxForwards:
			if f := r.Field(i); !f.Alias && !r.Nominated(f.Name) {
				b = appendMaxForwards(b, r.Method, f.Value)
			}
		}
	}
	switch {
	case x.req.WebSocket:
		b = append(b, "Connection: Upgrade\r\nUpgrade: websocket\r\n"...)
	case length < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length > 0 || r.ContentLength != 0 || expectsBody(r.Method):
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), length, 10), '\r', '\n')
	}
	if r.ExpectContinue && x.upload.active {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	return append(b, '\r', '\n')
}

// appendMaxForwards counts down how often OPTIONS may be forwarded (RFC 9110 section 7.6.2). For other methods the field
// says nothing, and a value that is no number goes on as it is.
func appendMaxForwards(b, method, value []byte) []byte {
	hops, err := strconv.ParseUint(string(value), 10, 63)
	if string(method) != "OPTIONS" || err != nil || hops == 0 {
		return appendField(b, []byte("Max-Forwards"), value)
	}
	b = strconv.AppendUint(append(b, "Max-Forwards: "...), hops-1, 10)
	return append(b, '\r', '\n')
}

// maxHops is how often a request may pass gateways of this name. Some stand in a row; none stands in a circle.
const maxHops = 5

// looped reports whether the Via field says that the request goes round (RFC 9110 section 7.6.3).
func (x *Exchange) looped(via string) bool {
	hops := 0
	for i := range x.req.Head.Fields() {
		if x.req.Head.Kind(i) == wire.Via {
			hops += bytes.Count(x.req.Head.Value(i), []byte(" "+via))
		}
	}
	return hops >= maxHops
}

// expectsBody: such requests say that they have none (RFC 9110 section 8.6).
func expectsBody(method []byte) bool {
	switch string(method) {
	case "POST", "PUT", "PATCH":
		return true
	}
	return false
}

func appendField(b, name, value []byte) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), '\r', '\n')
}

// appendResponse writes the answer's head as the client gets it. length is the body's, -1 for chunks, wire.UntilClose for
// one that ends with the connection, and noLength to say nothing.
func (x *Exchange) appendResponse(b []byte, length int64, keepAlive bool) []byte {
	r := &x.response
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(append(append(b, ' '), r.Reason...), '\r', '\n')
	b = x.appendResponseFields(b)
	switch {
	case x.req.WebSocket && r.Status == 101:
		return append(b, "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"...)
	case length >= 0:
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), length, 10), '\r', '\n')
	case length == -1:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	switch {
	case !keepAlive:
		b = append(b, "Connection: close\r\n"...)
	case x.req.Head.Minor == 0:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, '\r', '\n')
}

func (x *Exchange) appendResponseFields(b []byte) []byte {
	r := &x.response
	dated := r.Status < 200
	for i := range r.Fields() {
		switch r.Kind(i) {
		case wire.ContentLength, wire.TransferEncoding, wire.Connection, wire.Hop, wire.Upgrade, wire.RequestID:
			continue
		}
		f := r.Field(i)
		if f.Alias || r.Nominated(f.Name) || x.req.Replaces != nil && x.req.Replaces(f.Name) {
			continue
		}
		dated = dated || len(f.Name) == len("Date") && bytes.EqualFold(f.Name, []byte("Date"))
		b = appendField(b, f.Name, f.Value)
	}
	if !dated { // RFC 9110 section 6.6.1
		b = append(x.engine.watch.AppendDate(append(b, "Date: "...)), '\r', '\n')
	}
	b = append(append(append(b, "X-Request-Id: "...), x.req.RequestID...), '\r', '\n')
	return append(b, x.req.ResponseLines...)
}
