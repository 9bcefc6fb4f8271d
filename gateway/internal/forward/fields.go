package forward

import (
	"bytes"

	"tallygate/gateway/internal/wire"
	"tallygate/kit/apikey"
)

// passes reports whether the client's field at a position goes on to the upstream as it is.
func (q *Request) passes(i int) bool {
	r := q.Head
	if r.Alias(i) {
		return false
	}
	name := r.Name(i)
	switch r.Kind(i) {
	case wire.Other, wire.Origin, wire.Protocols:
	case wire.Authorization:
		if !q.ForwardToken {
			return false
		}
	case wire.APIKey:
		if apikey.Claims(string(r.Value(i))) { // it would be good at the gateway; any other is the upstream's own
			return false
		}
	case wire.TraceParent:
		if len(q.TraceParent) > 0 {
			return false
		}
	case wire.TraceState:
		if len(q.TraceParent) > 0 && !q.TraceState {
			return false
		}
	case wire.Override, wire.Odd:
		if !q.takesBack(name) {
			return false
		}
	default:
		return false
	}
	return !r.Nominated(name) && !q.Identities.Has(name)
}

// isCost reports whether a field of the response is for the Coster.
func (q *Request) isCost(name []byte) bool {
	return len(name) == len(q.CostField) && q.CostField != "" && bytes.EqualFold(name, []byte(q.CostField))
}

// takesBack reports whether the route passes a field that is dropped otherwise.
func (q *Request) takesBack(name []byte) bool {
	for _, taken := range q.PassFields {
		if bytes.EqualFold(name, []byte(taken)) {
			return true
		}
	}
	return false
}

// Dropped returns the names of the client's fields of which the upstream gets nothing, or something else. Those that every proxy
// writes anew, like Connection and Content-Length, are not among them.
func (q *Request) Dropped() (names []string) {
	for i := range q.Head.Fields() {
		if !q.passes(i) && !(q.rewrites(q.Head.Kind(i)) && !q.Head.Alias(i)) {
			names = append(names, string(q.Head.Name(i)))
		}
	}
	return names
}

// rewrites reports whether a field of the kind is written anew for the upstream.
func (q *Request) rewrites(kind wire.Kind) bool {
	switch kind {
	case wire.Host, wire.ContentLength, wire.TransferEncoding, wire.Connection, wire.Expect, wire.RequestID, wire.Via, wire.Hops, wire.MaxForwards, wire.TraceParent:
		return true
	case wire.Upgrade:
		return q.WebSocket && q.Head.WebSocket
	}
	return false
}
