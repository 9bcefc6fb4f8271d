package edge

import (
	"time"

	"tallygate/kit/httpd"
)

// Recheck looks at the calls in flight once.
func (s *Server) Recheck(now time.Time) { s.recheck(now, nil) }

// Lasting is how many calls are looked at.
func (s *Server) Lasting(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.conns {
		if c.permitted.lasts(now) {
			n++
		}
	}
	return n
}

// Observe measures a request of a route.
func (m *Metrics) Observe(route, method string, status int, took time.Duration) {
	m.route(route).observe(httpd.KnownMethod(method), status, took, m.steps)
}
