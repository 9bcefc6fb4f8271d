package edge

import (
	"time"

	"tallygate/kit/httpd"
)

// Observe measures a request of a route.
func (m *Metrics) Observe(route, method string, status int, took time.Duration) {
	m.route(route).observe(httpd.KnownMethod(method), status, took, m.steps)
}
