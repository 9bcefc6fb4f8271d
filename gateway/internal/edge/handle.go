package edge

import (
	"errors"
	"net/http"
	"unsafe"

	"tallygate/gateway/internal/wire"
	"tallygate/kit/problem"
	"tallygate/kit/token"
)

// handle gives a request its answer.
func (s *Server) handle(k *call) {
	k.prepare()
	if refusal := s.serve(k); refusal != nil {
		k.answer(refusal)
	}
}

// serve is the order of things: route, check, limit, count, forward. What it returns is still to be told to the client;
// nil if the client has its answer.
func (s *Server) serve(k *call) *problem.Details {
	if done, refusal := s.route(k); done || refusal != nil {
		return refusal
	}
	if refusal := s.check(k); refusal != nil {
		return refusal
	}
	if !k.site.Metered {
		return s.forward(k)
	}
	if refusal := s.limit(k); refusal != nil {
		if refusal.Status == http.StatusTooManyRequests {
			s.cfg.Meter.RateLimited(k.begun, k.who.UserID, k.site.tally)
		}
		return refusal
	}
	tally := s.cfg.Meter.Begin(k.begun, k.who.UserID, k.site.tally)
	if refusal := s.forward(k); refusal != nil {
		k.answer(refusal) // before the tally ends: its bytes are among those of the call
	}
	tally.End(k.status, k.in, k.out)
	return nil
}

// route finds the site, or answers with a page. A page is there for its path only, and a route for that very path takes
// its place.
func (s *Server) route(k *call) (done bool, refusal *problem.Details) {
	r := &k.request
	sites := s.sites.Load()
	match, ok := sites.table.Find(r.Path)
	if !ok || len(match.Path) != len(r.Path) {
		if page, isPage := s.page(r.Path); isPage {
			return true, k.answerPage(page)
		}
	}
	if !ok {
		return false, problem.NotFound()
	}
	if k.preflight(match) {
		return true, nil
	}
	_, index, ok := match.Route(r.Method)
	if !ok {
		return false, problem.MethodNotAllowed(match.Allow())
	}
	k.site = sites.list[index]
	if k.site.CORS != nil {
		k.allowOrigin(k.site.CORS)
	}
	if k.lastHop() {
		k.answerOptions(match.Allow())
		return true, nil
	}
	if k.site.MaxBody >= 0 && r.ContentLength > k.site.MaxBody {
		return false, tooLarge()
	}
	return false, nil
}

// check finds out whose request it is, where that matters.
func (s *Server) check(k *call) *problem.Details {
	if k.site.Public {
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
	if err == nil {
		k.who = who
		return nil
	}
	var details *problem.Details
	switch {
	case errors.As(err, &details):
		return details
	case errors.Is(err, token.ErrMissing), errors.Is(err, token.ErrInvalid), errors.Is(err, token.ErrExpired):
		return problem.TokenRefused(err)
	}
	s.cfg.Log.Error("check", "error", err, "request_id", string(k.id))
	return problem.Internal()
}

// limit says no to users who call too often, or have used up their quota.
func (s *Server) limit(k *call) *problem.Details {
	if k.site.rate.Requests > 0 {
		if refusal := s.cfg.Rates.Allow(k.begun, k.who.UserID, uint16(k.site.tally), k.site.Name, k.site.rate); refusal != nil {
			return refusal
		}
	}
	return s.cfg.Quotas.Admit(s.base, k.begun, k.who.UserID, k.who.MonthlyQuota)
}
