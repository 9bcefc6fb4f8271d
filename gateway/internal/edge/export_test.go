package edge

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/httpd"
)

// Recheck looks at the calls in flight once.
func (s *Server) Recheck(now time.Time) { s.recheck(now, nil) }

// WithLinger changes the bounds of what a client may send after the response that ends its connection.
func (c Config) WithLinger(idle, most time.Duration, bytes int64) Config {
	c.lingers = lingerBounds{idle, most, bytes}
	return c
}

// Lasting is how many calls are looked at.
func (s *Server) Lasting(now time.Time) int {
	n := 0
	s.clients.each(func(c *conn) {
		if c.permitted.lasts(now) {
			n++
		}
	})
	return n
}

// Observe measures a request of a route.
func (m *Metrics) Observe(route, method string, status int, took time.Duration) {
	m.route(route).observe(httpd.KnownMethod(method), status, took, m.steps)
}

// Holder is whose share a peer's connections count towards; "" for nobody's.
func Holder(trusted []netip.Prefix, peer netip.Addr) string {
	l := newClients(&Config{Trusted: trusted, ConnectionsPerAddress: 1, Metrics: NewMetrics()})
	if holder := l.holder(peer); holder.IsValid() {
		return holder.String()
	}
	return ""
}

// States of connections, beside the times since when they rest.
const (
	Busy    = busy
	Unbegun = unbegun
)

// clientsIn has connections in these states.
func clientsIn(states []int64) *clients {
	l := newClients(&Config{Metrics: NewMetrics()})
	l.begun = l.begun.Add(-time.Hour)
	watch := wire.NewWatch()
	for _, state := range states {
		near, _ := net.Pipe()
		c := &conn{wire: wire.NewConn(near, watch)}
		c.state.Store(state)
		l.add(c)
	}
	return l
}

// Evictions are the connections that make room, in this order.
func Evictions(states []int64) (order []int) {
	l := clientsIn(states)
	for l.evict() {
		for i, c := range l.open {
			if c.leaving && !slices.Contains(order, i) {
				order = append(order, i)
			}
		}
	}
	return order
}

// Searches is how often the connections are searched while clients come and none rests.
func Searches(states []int64, clients int) (n int) {
	l := clientsIn(states)
	for range clients {
		before := l.searchAfter
		l.evict()
		if l.searchAfter != before {
			n++
		}
	}
	return n
}

// ErrTooManyUploads is for the table of problems.
var ErrTooManyUploads = errTooManyUploads

// Choose returns the route that takes a request, and the path that its upstream gets.
func Choose(table *route.Table, head string) (r *route.Route, path string, err error) {
	var request wire.Request
	if n, err := request.Parse([]byte(head)); n == 0 {
		return nil, "", err
	}
	match, ok, err := find(table, &request)
	if err != nil || !ok {
		return nil, "", err
	}
	r, _, ok = match.Route(request.Method)
	if !ok || request.Sign != nil && !r.RawPaths {
		return nil, "", request.Sign
	}
	return r, string(forwardedPath(&request, r)), nil
}

// WrongCosts is how many responses of a route have announced a cost that is none.
func WrongCosts(m *Metrics, route string) float64 {
	return testutil.ToFloat64(m.wrongCosts.WithLabelValues(route))
}

// AppendPolicies and AppendStandings write the values of RateLimit-Policy and RateLimit.
func AppendPolicies(b []byte, all []limit.Standing) []byte  { return appendPolicies(b, all) }
func AppendStandings(b []byte, all []limit.Standing) []byte { return appendStandings(b, all) }
