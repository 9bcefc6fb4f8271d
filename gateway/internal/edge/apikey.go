package edge

import (
	"errors"

	"tallygate/gateway/internal/check"
)

// errRouteNotAllowed: the API key is good on other routes only.
var errRouteNotAllowed = errors.New("the API key is not good on this route")

// checkKey verifies whose request it is by an API key. An upstream that takes tokens gets one that stands for the key, and none
// gets the key.
func (s *Server) checkKey(k *call, raw string) error {
	who, bearer, err := s.cfg.Check.Key(s.base, raw, k.client)
	if err != nil {
		return err
	}
	if k.route.ForwardToken && bearer == "" {
		return check.ErrLookup
	}
	k.who, k.bearer = who, bearer
	if err := k.who.Require(k.route.Roles); err != nil {
		return err
	}
	if k.hidden {
		k.keepPrivate()
	}
	return nil
}

// keepPrivate keeps the response out of shared caches. They must not store one to a request with Authorization (RFC 9111
// section 3.5), and cannot see that this request stands for one.
func (k *call) keepPrivate() { k.lines.Add("Cache-Control", "private") }
