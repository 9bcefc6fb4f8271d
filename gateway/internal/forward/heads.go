package forward

import (
	"bytes"
	"strconv"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// requestHead appends the request's head to b, as the upstream gets it. Hop-by-hop fields and the fields of proxies are the
// gateway's own. Identity fields from the client are dropped, with everything that an upstream might take for them.
// streamed: the body is sent after the head, if the upstream wants it.
func (x *Exchange) requestHead(b []byte, framing wire.Framing, streamed bool) []byte {
	r := x.req.Head
	w := wire.StartRequest(b, r, x.destination())
	x.addHops(&w)
	w.Add("X-Forwarded-For", x.req.ClientAddr)
	w.Add("X-Forwarded-Proto", x.req.Proto)
	w.AddBytes("X-Request-Id", x.req.RequestID)
	if len(x.req.TraceParent) > 0 {
		w.AddBytes("Traceparent", x.req.TraceParent)
	}
	if len(x.req.Host) > 0 {
		w.AddBytes("X-Forwarded-Host", x.req.Host)
	}
	if len(x.req.Prefix) > 0 {
		w.AddBytes("X-Forwarded-Prefix", x.req.Prefix)
	}
	if len(x.req.IdentityValue) > 0 {
		w.AddNamed(x.req.IdentityName, string(x.req.IdentityValue))
		if x.req.Roles != "" {
			w.Add("X-User-Roles", x.req.Roles)
		}
		if x.req.Rates != "" {
			w.Add("X-Tallygate-Rates", x.req.Rates)
		}
	}
	if x.req.Authorization != "" && !x.req.ForwardToken {
		w.Add("Authorization", x.req.Authorization)
	}
	for i := range r.Fields() {
		switch {
		case x.req.passes(i):
			r.CopyField(i, &w)
		case r.Kind(i) == wire.MaxForwards && !r.Alias(i) && !r.Nominated(r.Name(i)):
			addMaxForwards(&w, r.Method, r.Value(i))
		}
	}
	if r.ExpectContinue && streamed {
		w.Add("Expect", "100-continue")
	}
	switch {
	case x.req.WebSocket:
		framing = wire.ToWebSocket
	case framing == 0 && r.ContentLength == 0 && !expectsBody(r.Method):
		framing = wire.Unframed
	}
	return w.EndRequest(framing)
}

// destination is where the request goes, if it goes to the first of the upstream's names.
func (x *Exchange) destination() wire.Destination {
	to := wire.Destination{Path: x.req.Path, Base: x.req.Base, Host: x.req.HostField, DefaultHost: x.req.Upstream.Host()}
	if x.req.OwnHost {
		to.Host = to.DefaultHost
	}
	return to
}

// addressTo puts the replica's name into the request, if that is what the Host field has to be.
func (x *Exchange) addressTo(replica *upstream.Replica) {
	if x.req.OwnHost {
		x.out = wire.Readdress(x.out, replica.Host())
	}
}

// addMaxForwards counts down how often OPTIONS may be forwarded (RFC 9110 section 7.6.2). For other methods the field
// means nothing, and a value that is no number is passed on unchanged.
func addMaxForwards(w *wire.HeadWriter, method, value []byte) {
	hops, err := strconv.ParseUint(string(value), 10, 63)
	if string(method) != "OPTIONS" || err != nil || hops == 0 {
		w.AddBytes("Max-Forwards", value)
		return
	}
	w.AddFunc("Max-Forwards", func(b []byte) []byte { return strconv.AppendUint(b, hops-1, 10) })
}

// expectsBody reports whether a request without a body has to say so (RFC 9110 section 8.6).
func expectsBody(method []byte) bool {
	switch string(method) {
	case "POST", "PUT", "PATCH":
		return true
	}
	return false
}

// strictTransport is the field of RFC 6797.
const strictTransport = "Strict-Transport-Security"

// responseHead appends the response's head to b, as the client gets it.
func (x *Exchange) responseHead(b []byte, framing wire.Framing, keepAlive bool) []byte {
	r := &x.response
	w := wire.StartResponse(b, r)
	dated := r.Status < 200
	strict := r.Status < 200 || x.req.StrictTransport == ""
	for i := range r.Fields() {
		switch r.Kind(i) {
		case wire.ContentLength, wire.TransferEncoding, wire.Connection, wire.Hop, wire.Upgrade, wire.RequestID:
			continue
		case wire.Via:
			if x.req.NoVia {
				continue
			}
		}
		name := r.Name(i)
		if r.Alias(i) || r.Nominated(name) || x.req.isCost(name) || x.req.Replaces != nil && x.req.Replaces(name) {
			continue
		}
		if x.req.Links != nil && x.addLink(&w, name, r.Value(i)) {
			continue
		}
		dated = dated || len(name) == len("Date") && bytes.EqualFold(name, []byte("Date"))
		strict = strict || len(name) == len(strictTransport) && bytes.EqualFold(name, []byte(strictTransport))
		r.CopyField(i, &w)
	}
	if !dated { // RFC 9110 section 6.6.1
		w.AddFunc("Date", x.engine.watch.AppendDate)
	}
	if !strict {
		w.Add(strictTransport, x.req.StrictTransport)
	}
	w.AddBytes("X-Request-Id", x.req.RequestID)
	if x.req.ResponseFields != nil {
		w.AddLines(x.req.ResponseFields)
	}
	return w.EndResponse(framing, keepAlive, x.req.Head.Minor)
}
