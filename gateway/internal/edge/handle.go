package edge

import (
	"errors"
	"unsafe"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/wire"
)

// handle gives a request its response.
func (s *Server) handle(k *call) {
	k.prepare()
	if err := s.serve(k); err != nil {
		k.refuse(err)
	}
}

// serve takes a request through the steps: host, route, check, limit, count, forward. If it returns an error, the client has no
// response yet.
func (s *Server) serve(k *call) error {
	if err := k.misdirected(); err != nil {
		return err
	}
	if done, err := s.route(k); done || err != nil {
		return err
	}
	if err := s.check(k); err != nil {
		return err
	}
	if !k.route.Metered {
		return s.forward(k)
	}
	if err := s.limit(k); err != nil {
		if errors.Is(err, limit.ErrExceeded) {
			s.cfg.Meter.RateLimited(k.begun, k.who.UserID, k.route.meterID)
		}
		return err
	}
	counted := s.cfg.Meter.Begin(k.begun, k.who.UserID, k.route.meterID)
	if err := s.forward(k); err != nil {
		k.refuse(err) // before the call ends: the bytes of this response are counted too
	}
	counted.End(k.status, k.in, k.out)
	return nil
}

// route finds the route, or responds with a page. A page has exactly one path. A route with exactly that path is
// preferred to the page.
func (s *Server) route(k *call) (done bool, err error) {
	r := &k.request
	active := s.active.Load()
	match, ok := active.table.Find(r.Path)
	if !ok || len(match.Path) != len(r.Path) {
		if page, isPage := s.page(r.Path); isPage {
			return true, k.respondPage(page)
		}
	}
	if !ok {
		return false, errNoRoute
	}
	if k.preflight(match) {
		return true, nil
	}
	_, index, ok := match.Route(r.Method)
	if !ok {
		return false, &methodError{match.Allow()}
	}
	k.route = active.routes[index]
	if k.route.CORS != nil {
		k.allowOrigin(k.route.CORS)
	}
	if k.lastHop() {
		k.respondOptions(match.Allow())
		return true, nil
	}
	if k.route.MaxBody >= 0 && r.ContentLength > k.route.MaxBody {
		return false, forward.ErrTooLarge
	}
	return false, nil
}

// check verifies whose request it is, unless the route is public.
func (s *Server) check(k *call) error {
	if k.route.Public {
		return nil
	}
	fields := k.auth[:0]
	for i := range k.request.Fields() {
		if k.request.Kind(i) == wire.Authorization && len(fields) < cap(fields) {
			value := k.request.Value(i)
			fields = append(fields, unsafe.String(unsafe.SliceData(value), len(value))) // valid as long as the buffer
		}
	}
	who, err := s.cfg.Check.Check(s.base, fields)
	if err != nil {
		return err
	}
	k.who = who
	return nil
}

// limit refuses a call of a user who calls too often or has used up the quota.
func (s *Server) limit(k *call) error {
	if k.route.rate.Requests > 0 {
		if err := s.cfg.Rates.Allow(k.begun, k.who.UserID, uint16(k.route.meterID), k.route.Name, k.route.rate); err != nil {
			return err
		}
	}
	return s.cfg.Quotas.Admit(s.base, k.begun, k.who.UserID, k.who.MonthlyQuota)
}
