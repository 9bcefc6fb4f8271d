package forward

import (
	"bytes"
	"strconv"

	"tallygate/gateway/internal/wire"
)

// maxHops is how often a request may pass gateways of this name: some gateways stand in a row, but a loop has no end.
const maxHops = 5

// hops is how often a request has passed gateways of this name.
type hops struct {
	all int
	// counted are those that sent no Via, and counted in a field of their own.
	counted int
}

// countHops reads the Via fields (RFC 9110 section 7.6.3), and the count of gateways without them.
func (x *Exchange) countHops() {
	x.hops = hops{}
	r := x.req.Head
	for i := range r.Fields() {
		switch r.Kind(i) {
		case wire.Via:
			x.hops.all += bytes.Count(r.Value(i), []byte(" "+x.engine.via))
		case wire.Hops:
			if n, err := strconv.ParseUint(string(r.Value(i)), 10, 16); err == nil && !r.Alias(i) {
				x.hops.counted += int(n)
			}
		}
	}
	x.hops.all += x.hops.counted
}

// addHops says that the request has passed this gateway. Without Via the gateway counts by itself, so that a loop still ends.
func (x *Exchange) addHops(w *wire.HeadWriter) {
	counted := x.hops.counted
	if x.req.NoVia {
		counted = x.hops.all + 1
	} else {
		w.AddFunc("Via", x.appendVia)
	}
	if counted > 0 {
		w.AddFunc("X-Tallygate-Hops", func(b []byte) []byte { return strconv.AppendInt(b, int64(counted), 10) })
	}
}

// appendVia adds this gateway to those that the request has passed (RFC 9110 section 7.6.3).
func (x *Exchange) appendVia(b []byte) []byte {
	r := x.req.Head
	for i := range r.Fields() {
		if r.Kind(i) == wire.Via && !r.Alias(i) {
			b = append(append(b, r.Value(i)...), ", "...)
		}
	}
	if x.req.HTTP2 {
		return append(append(b, "2.0 "...), x.engine.via...)
	}
	return append(append(b, '1', '.', '0'+byte(r.Minor), ' '), x.engine.via...)
}
