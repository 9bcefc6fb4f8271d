package edge

import (
	"errors"
	"slices"
	"unsafe"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/apikey"
	"tallygate/kit/token"
)

// handle gives a request its response. If that is a stream, k.streams is set afterwards, and resume has to follow: by then the
// stack is as small as it was before.
func (s *Server) handle(k *call) {
	k.prepare()
	if err := s.serve(k); !k.streams {
		k.conclude(err)
	}
}

// resume passes on a response that is a stream.
func (s *Server) resume(k *call) {
	s.cfg.Engine.Finish(&k.exchange, &k.outcome)
	k.resumed()
}

// resumed deals with the end of a stream.
func (k *call) resumed() {
	err := k.delivered(k.outcome)
	if k.revocable {
		err = k.permissionEnded(err)
	}
	k.conclude(err)
}

// conclude refuses the request if there was an error, and then counts the bytes: those of a refusal, too.
func (k *call) conclude(err error) {
	k.unannounced()
	if err != nil {
		k.conn.server.announce(k)
		k.refuse(err)
	}
	if k.counted != (meter.Call{}) {
		k.counted.End(k.status, k.in, k.out)
	}
}

// serve takes a request through the steps: host, route, check, limit, count, forward. If it returns an error, the client has no
// response yet.
func (s *Server) serve(k *call) error {
	if err := k.misdirected(); err != nil && !s.isProbe(&k.request) {
		return err
	}
	if s.preflight(k) {
		return nil
	}
	if done, err := s.route(k); done || err != nil {
		return err
	}
	if err := s.check(k); err != nil {
		return err
	}
	if k.route.MaxBody >= 0 && k.request.ContentLength > k.route.MaxBody {
		return forward.ErrTooLarge
	}
	if !k.route.Metered || k.looksAtTally() {
		return s.forward(k)
	}
	if k.who.Key != nil && !k.who.Key.MayCall(k.route.Name) {
		return errRouteNotAllowed
	}
	if err := s.limit(k); err != nil {
		if errors.Is(err, limit.ErrExceeded) {
			s.cfg.Meter.RateLimited(k.begun, k.who.UserID, k.who.KeyID(), k.route.meterID)
		}
		return err
	}
	if k.route.CostField == "" { // else once it is known what the call costs
		s.announce(k)
	}
	k.counted = s.cfg.Meter.Begin(k.begun, k.who.UserID, k.who.KeyID(), k.route.meterID, k.fixedCost())
	return s.forward(k)
}

// route finds the route, or responds with a page. A page has exactly one path. A route with exactly that path is
// preferred to the page.
func (s *Server) route(k *call) (done bool, err error) {
	r := &k.request
	active := s.active.Load()
	match, ok, err := find(active.table, r)
	if err != nil {
		return false, err
	}
	if !ok || len(match.Path) != len(r.Path) || string(r.Path) == "*" {
		if done, err := s.respondItself(k, ok); done || err != nil {
			return done, err
		}
	}
	if !ok {
		return false, errNoRoute
	}
	_, index, ok := match.Route(r.Method)
	if !ok {
		k.allowOrigin(match.CORS(r.Method))
		return false, &methodError{match.Allow()}
	}
	if r.Sign != nil && !active.routes[index].RawPaths {
		return false, r.Sign
	}
	k.route = active.routes[index]
	k.allowOrigin(k.route.CORS)
	if k.lastHop() {
		k.respondOptions(match.Allow())
		return true, nil
	}
	return false, nil
}

// check verifies whose request it is, unless the route is public.
func (s *Server) check(k *call) error {
	if k.route.Public {
		k.takeProtocols() // no upstream gets a token that nobody asks for
		return nil
	}
	fields, protocols := k.auth[:0], false
	for i := range k.request.Fields() {
		switch kind := k.request.Kind(i); {
		case len(fields) == cap(fields): // more are refused as two are
		case kind == wire.Authorization:
			fields = append(fields, k.view(i))
		case kind == wire.APIKey && !k.request.Alias(i) && apikey.Claims(k.view(i)):
			fields = append(fields, k.view(i))
			k.hidden = true
		case kind == wire.Protocols:
			protocols = true
		}
	}
	if protocols || len(k.request.Query) > 0 {
		var ticket string
		if fields, ticket = k.fromBrowser(fields, protocols); ticket != "" {
			return s.checkTicket(k, ticket)
		}
	}
	if len(fields) == 1 && apikey.Claims(token.WithoutScheme(fields[0])) {
		return s.checkKey(k, token.WithoutScheme(fields[0]))
	}
	var err error
	if k.who, err = s.cfg.Check.Check(s.base, fields); err != nil {
		return err
	}
	if err := k.who.Require(k.route.Roles); err != nil {
		return err
	}
	if k.protocol != "" {
		k.bearer = "Bearer " + fields[0]
	}
	return nil
}

// view is a field's value, valid as long as the buffer.
func (k *call) view(i int) string {
	value := k.request.Value(i)
	return unsafe.String(unsafe.SliceData(value), len(value))
}

// looksAtTally reports whether users look at their own tally or limits, which is free.
func (k *call) looksAtTally() bool {
	at, r := k.route, &k.request
	return len(at.Tallies) > 0 && slices.Contains(at.Tallies, string(r.Path)) && (string(r.Method) == "GET" || string(r.Method) == "HEAD")
}
