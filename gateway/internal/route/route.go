package route

import "time"

// Unbounded is the MaxBody of a route that allows bodies of any length.
const Unbounded = -1

// UpstreamsHost as a Route's Host is the name in Upstreams to which the request goes.
const UpstreamsHost = "upstream"

// Route is a path and the policy for its requests.
type Route struct {
	// Name appears in usage, metrics and logs.
	Name string
	// Path is compared byte by byte. Unless Exact, everything below it matches too. In an exact path of a built-in
	// route, a segment * matches any one segment.
	Path  string
	Exact bool
	// Builtin: the route comes with the gateway.
	Builtin bool
	// Under is a part at the beginning of Path that the upstream does not get. Only built-in routes have one.
	Under string
	// Methods that the route takes. An empty list means all but TRACE. GET includes HEAD.
	Methods []string

	// Upstreams are host:port, or paths of Unix sockets after "unix:".
	Upstreams []string
	TLS       TLS
	// HTTP2: the upstreams speak HTTP/2 without TLS.
	HTTP2 bool
	// BasePath goes before the forwarded path; empty, or like "/base".
	BasePath string
	// Host is the Host field that the upstream gets: empty for the client's, UpstreamsHost, or a name.
	Host string
	// Health is the path of the active check; empty for one that only connects. Check says how it asks.
	Health string
	Check  Check

	// Public: requests need no token, and a token is not read.
	Public bool
	// Roles: the user needs one of them. Empty: everybody with a valid token may call.
	Roles []string
	// NoTickets: the route takes an access token only, and no ticket in its place.
	NoTickets bool
	// Metered: requests with a valid token are counted, and the user's quota applies.
	Metered bool
	// Tallies are paths of the route that are not metered, and have no Rate, for GET: users look at their own tally and limits there.
	// Mostly none.
	Tallies []string
	// IdentityHeader carries the user's id to the upstream; empty for none.
	IdentityHeader string
	// ForwardToken: the upstream gets the request's Authorization field. On a public route only if it is built-in, and
	// auth-service checks another credential there.
	ForwardToken bool
	// AuthorizationFile names the file with the Authorization field that the upstream gets from the gateway; empty for none.
	// Authorization is what the file holds.
	AuthorizationFile string
	Authorization     string

	// PassFields are names of request fields that are passed on although they are dropped on other routes: fields that change
	// the method or the path that an upstream sees, and names that servers may read as others.
	PassFields []string

	// ExtraCost is what a request costs, less one unit: -1 is free. CostField is the response field in which the upstream
	// says what its request has cost; empty for none.
	ExtraCost int
	CostField string

	// Rate limits each user's requests. The zero value is no limit.
	Rate Rate
	// MaxBody is in bytes.
	MaxBody int64
	// FewUploads: the upstream has room for few requests whose bodies are on their way.
	FewUploads bool
	Timeouts   Timeouts
	Retries    int
	Strip      bool // Path is removed before the request is forwarded
	NoVia      bool // neither the upstream nor the client gets the field Via
	RawPaths   bool // what follows Path may be ambiguous, and is forwarded as it came; see Table.FindRaw
	WebSocket  bool
	// Informational: every client gets the upstream's 1xx responses.
	Informational bool
	// UntilClosed: what is in flight may outlive its user's permission.
	UntilClosed bool
	CORS        *CORS
	Description Description
}

// Description says what the OpenAPI description that the gateway serves has about the route.
type Description struct {
	// Unlisted: it does not mention the route.
	Unlisted bool
	// Path is where the upstream serves a description of its own, File is the file that holds one. At most one of them is set.
	Path, File string
}

// Rate is a number of requests per time.
type Rate struct {
	Requests int
	Per      time.Duration
	// Burst is how many may come at once.
	Burst int
}

// Timeouts of one exchange with an upstream. None of them bounds the time of a whole body.
type Timeouts struct {
	Connect   time.Duration
	FirstByte time.Duration // of the response
	Progress  time.Duration // between two pieces of a body
}

// TLS says how the upstreams are spoken to. The zero value is for plain connections.
type TLS struct {
	On bool
	// CA is the file with the authorities that are trusted; empty for those of the system.
	CA string
	// Cert and Key are the files with the certificate that the gateway shows; empty for none.
	Cert, Key string
	// ServerName is what the upstreams' certificates have to be for; empty for the host in Upstreams.
	ServerName string
}

// Check says how the active check asks. What is not set has the default of docs/routes.md.
type Check struct {
	// Host is the Host field; empty for the upstream's name.
	Host string
	// Status are the ranges of statuses that are good, with both ends; empty for 200 to 299.
	Status [][2]int
	// Interval is the time from one check to the next, Timeout that of one request.
	Interval, Timeout time.Duration
	// Failures in a row make a replica unhealthy.
	Failures int
}

// DefaultTimeouts are those of a route that sets none.
func DefaultTimeouts() Timeouts {
	return Timeouts{Connect: 2 * time.Second, FirstByte: 30 * time.Second, Progress: 60 * time.Second}
}

// Cost is what a request costs, in units, unless the upstream says otherwise.
func (r *Route) Cost() uint64 { return uint64(max(1+r.ExtraCost, 0)) }

// takes reports whether the route takes the method. "All methods" never includes TRACE: its response repeats the request,
// with the token and other fields that no script may see (RFC 9110 section 9.3.8).
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
