package route

import "time"

// NoLimit is MaxBody of a route that takes bodies of any length.
const NoLimit = -1

// Route is what happens to the requests for a path.
type Route struct {
	// Name stands in usage, metrics and logs.
	Name string
	// Path is matched as it is; together with everything below it unless Exact. In an exact path of a built-in route a
	// segment * stands for any one.
	Path  string
	Exact bool
	// Methods that are taken; none means all but TRACE. HEAD comes with GET.
	Methods []string

	// Upstreams are host:port.
	Upstreams []string
	// Health is the path of the active check; empty for a TCP connect.
	Health string

	// Public: no token is needed, and none is looked at.
	Public bool
	// Tally: requests with a valid token are counted and limited.
	Tally bool
	// IdentityHeader carries the user's id to the upstream; empty for none.
	IdentityHeader string

	// Rate limits each user's requests; the zero value does not.
	Rate Rate
	// MaxBody is in bytes.
	MaxBody   int64
	Limits    Limits
	Retries   int
	Strip     bool // Path is taken off before the request is sent on
	WebSocket bool
	CORS      *CORS
}

// Rate is a number of requests per time.
type Rate struct {
	Requests int
	Per      time.Duration
	// Burst is how many may come at once.
	Burst int
}

// Limits of time; none bounds a whole body.
type Limits struct {
	Connect   time.Duration
	FirstByte time.Duration
	Progress  time.Duration
}

// CORS lets browsers call from pages of other origins (the Fetch standard).
type CORS struct {
	Origins []string // "*", or scheme://host[:port]
	Headers []string // that requests may have beside Authorization, Content-Type and X-Request-Id
	Expose  []string // that scripts may read
	MaxAge  time.Duration
}

// DefaultLimits are those of a route that says nothing.
func DefaultLimits() Limits {
	return Limits{Connect: 2 * time.Second, FirstByte: 30 * time.Second, Progress: 60 * time.Second}
}

// takes reports whether the route takes the method. TRACE is never meant by "all": its answer is the request, with the
// token and whatever else no script may see (RFC 9110 section 9.3.8).
func (r *Route) takes(method string) bool {
	if len(r.Methods) == 0 {
		return method != "TRACE"
	}
	for _, m := range r.Methods {
		if m == method || m == "GET" && method == "HEAD" {
			return true
		}
	}
	return false
}
