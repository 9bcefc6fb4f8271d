package edge

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

// Fields that browsers may send to every route with CORS, beside the route's own list.
var alwaysAllowed = []string{"Authorization", "Content-Type", "X-Request-Id"} //nolint:gochecknoglobals // a constant list

// preflight responds to a browser that asks whether it may send a request (the Fetch standard's CORS-preflight fetch).
// It reports whether the request was one.
func (k *call) preflight(match route.Match) bool {
	if string(k.request.Method) != "OPTIONS" {
		return false
	}
	method := k.field("access-control-request-method")
	cors := match.CORS(method)
	if len(method) == 0 || cors == nil || len(k.origin()) == 0 {
		return false
	}
	k.allowOrigin(cors)
	w := k.startResponse(204)
	methods := match.Allow()
	if !slices.Contains(methods, string(method)) { // a route that takes all methods lists only the common ones
		methods = append(methods, string(method))
	}
	w.Add("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	w.Add("Access-Control-Allow-Headers", strings.Join(append(slices.Clone(alwaysAllowed), cors.Headers...), ", "))
	w.Add("Access-Control-Max-Age", strconv.Itoa(int(cors.MaxAge.Seconds())))
	k.finishResponse(204, &w, nil)
	return true
}

// allowOrigin adds the fields that let pages of the request's origin read the response. There are no cookies here, so no
// credentials are allowed.
func (k *call) allowOrigin(cors *route.CORS) {
	k.lines.Add("Vary", "Origin")
	origin := k.origin()
	for _, allowed := range cors.Origins {
		if allowed != "*" && allowed != string(origin) || len(origin) == 0 {
			continue
		}
		k.lines.Add("Access-Control-Allow-Origin", allowed)
		if len(cors.Expose) > 0 {
			k.lines.Add("Access-Control-Expose-Headers", strings.Join(cors.Expose, ", "))
		}
		return
	}
}

// origin is the value of the Origin field: the page that caused the request.
func (k *call) origin() []byte {
	for i := range k.request.Fields() {
		if k.request.Kind(i) == wire.Origin {
			return k.request.Value(i)
		}
	}
	return nil
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
