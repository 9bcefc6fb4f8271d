package routefile

import (
	"regexp"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

// tokenForm is what the name of a field may be (RFC 9110 section 5.6.2).
var tokenForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")

// passing reads which fields the route passes on that others drop.
func (o *object) passing(r *route.Route) {
	for _, t := range o.list("pass_headers", false, tokenForm, "has to be the name of a field, like X-HTTP-Method-Override") {
		if why := whyNotPassed(t.value); why != "" {
			o.fail(t.at, "pass_headers: %q %s", t.value, why)
			continue
		}
		r.PassFields = append(r.PassFields, t.value)
		o.passed = append(o.passed, t)
	}
}

// whyNotPassed says why no route can pass a field on; empty if one can.
func whyNotPassed(name string) string {
	kind, alias := wire.KindOf(name)
	switch kind {
	case wire.Other, wire.Origin, wire.Override, wire.TraceParent, wire.TraceState:
		if alias {
			return "is read as another field by some servers: write its name with -"
		}
		return ""
	case wire.Identity:
		return "says who calls: an upstream believes it because no client can send it"
	case wire.Forwarded, wire.ForwardedFor, wire.ForwardedProto, wire.ForwardedHost:
		return "says where a request comes from: an upstream believes it because no client can send it"
	case wire.Authorization:
		return "is passed by forward_token: true"
	case wire.APIKey:
		return "is passed by every route, unless it holds an API key of Tallygate"
	case wire.Hop, wire.Connection, wire.TransferEncoding, wire.Upgrade:
		return "holds for one connection only"
	}
	return "is written by the gateway itself"
}

// keepIdentitiesOut reports fields that a route passes on, though they tell another route's upstream who calls.
func (p *parser) keepIdentitiesOut() {
	identities := wire.NewNames(p.identities)
	for _, t := range p.passed {
		if identities.Has([]byte(t.value)) {
			p.fail(t.at, "pass_headers: %q is the identity_header of a route: no client can send it, on any route", t.value)
		}
	}
}
