package edge

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

// Fields that browsers may send to every route with CORS, beside the route's own list, and those that scripts may read.
const (
	alwaysAllowed = "Authorization, Content-Type, X-Request-Id"
	alwaysExposed = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, WWW-Authenticate"
)

// preflight responds to a browser that asks whether it may send a request (the Fetch standard's CORS-preflight fetch).
// It reports whether the request was one. Browsers show a page nothing of a request that they may not send. So a page of an allowed origin
// may send every method to every path: then it can read why the request is refused.
func (s *Server) preflight(k *call) bool {
	r := &k.request
	if string(r.Method) != "OPTIONS" {
		return false
	}
	method := k.field("access-control-request-method")
	if !isMethod(method) || len(k.origin()) == 0 {
		return false
	}
	cors, allow := s.cfg.CORS, []string(nil)
	if match, ok := s.routesOf(r); ok {
		cors, allow = match.CORS(method), match.Allow()
	} else if !cors.Allows(k.origin()) {
		return false
	}
	if cors == nil {
		return false
	}
	k.allowOrigin(cors)
	w := k.startResponse(204)
	if !slices.Contains(allow, string(method)) {
		allow = append(allow, string(method))
	}
	w.Add("Access-Control-Allow-Methods", strings.Join(allow, ", "))
	w.AddFunc("Access-Control-Allow-Headers", func(b []byte) []byte { return appendNames(b, alwaysAllowed, cors.Headers) })
	w.Add("Access-Control-Max-Age", strconv.Itoa(int(cors.MaxAge.Seconds())))
	k.finishResponse(204, &w, nil)
	return true
}

// routesOf returns the routes of a path for which the gateway does not respond itself.
func (s *Server) routesOf(r *wire.Request) (route.Match, bool) {
	match, ok, err := find(s.active.Load().table, r)
	if err != nil {
		return route.Match{}, false
	}
	if !ok || len(match.Path) != len(r.Path) {
		if _, isPage := s.page(r, ok); isPage || string(r.Path) == healthPath {
			return route.Match{}, false
		}
	}
	return match, ok
}

// isMethod reports whether b is a method that browsers send.
func isMethod(b []byte) bool {
	return string(b) != "TRACE" && len(b) > 0 && len(bytes.Trim(b, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")) == 0
}

func appendNames(b []byte, always string, names []string) []byte {
	b = append(b, always...)
	for _, name := range names {
		b = append(append(b, ", "...), name...)
	}
	return b
}

// allowOrigin adds the fields that let pages of the request's origin read the response.
func (k *call) allowOrigin(cors *route.CORS) {
	if cors != nil {
		k.cors = cors
		addCORS(&k.lines, cors, k.origin())
	}
}

// addCORS lets pages of the origin read a response. There are no cookies here, so no credentials are allowed.
func addCORS(lines *wire.FieldLines, cors *route.CORS, origin []byte) {
	switch {
	case cors == nil:
		return
	case cors.Everybody():
		lines.Add("Access-Control-Allow-Origin", "*")
	default:
		lines.Add("Vary", "Origin")
		if !cors.Allows(origin) {
			return
		}
		lines.AddBytes("Access-Control-Allow-Origin", origin)
	}
	lines.AddFunc("Access-Control-Expose-Headers", func(b []byte) []byte { return appendNames(b, alwaysExposed, cors.Expose) })
}

// origin is the value of the Origin field: the page that caused the request.
func (k *call) origin() []byte {
	if k.request.Method == nil { // the head is malformed, or not complete
		return originIn(k.conn.buffer.Bytes())
	}
	for i := range k.request.Fields() {
		if k.request.Kind(i) == wire.Origin {
			return k.request.Value(i)
		}
	}
	return nil
}

// originIn looks for the Origin field in what has come of a head that could not be parsed. It is only used to let a page read that. nil if
// there is none, or more than one.
func originIn(head []byte) (origin []byte) {
	for first := true; ; first = false {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if !whole || len(line) == 0 && !first {
			return origin
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Origin")) {
			if origin != nil {
				return nil
			}
			origin = bytes.Trim(value, " \t")
		}
		head = rest
	}
}

// field is the value of the first field of a name in lower case.
func (k *call) field(name string) []byte {
	for i := range k.request.Fields() {
		if f := k.request.Field(i); bytes.EqualFold(f.Name, []byte(name)) {
			return f.Value
		}
	}
	return nil
}

// isCORS reports whether an upstream's field is one that the gateway writes on routes with CORS.
func isCORS(name []byte) bool {
	const prefix = "access-control-"
	return len(name) > len(prefix) && bytes.EqualFold(name[:len(prefix)], []byte(prefix))
}
