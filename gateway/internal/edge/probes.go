package edge

import (
	"errors"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

// healthPath is where balancers ask whether the gateway takes requests.
const healthPath = "/healthz"

// errStopping means that the gateway is being stopped, and says so to whoever asks.
var errStopping = errors.New("the gateway stops")

// respondItself responds to what is for the gateway itself: its pages, its health, and what balancers ask by default. It
// reports false if the request is for none of these. routed: a route covers the path.
func (s *Server) respondItself(k *call, routed bool) (done bool, err error) {
	path := k.request.Path
	if page, ok := s.page(&k.request, routed); ok {
		return true, k.respondPage(page)
	}
	switch {
	case string(path) == healthPath && s.draining.Load():
		return false, errStopping
	case string(path) == healthPath:
		return true, k.respondPage(console.Page{ContentType: "application/json", Body: []byte(`{"status":"live"}`)})
	case string(path) == "*": // a ping of the server as a whole (RFC 9110 section 9.3.7)
		k.respondOptions(route.CommonMethods())
		return true, nil
	case string(path) == "/" && string(k.request.Method) == "OPTIONS": // there is no page, nor a route
		k.respondOptions([]string{"OPTIONS"})
		return true, nil
	}
	return false, nil
}

// isProbe reports whether a request asks for the gateway's health, or is the OPTIONS that balancers send by default, and no
// route takes it. A balancer may ask by the address of the machine, or in HTTP/1.0 without a host, so the list of hosts does
// not hold there.
func (s *Server) isProbe(r *wire.Request) bool {
	path := string(r.Path)
	if path != healthPath && (string(r.Method) != "OPTIONS" || path != "*" && path != "/") {
		return false
	}
	match, ok := s.active.Load().table.Find(r.Path)
	return !ok || len(match.Path) != len(r.Path)
}
