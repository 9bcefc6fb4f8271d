package routefile

import (
	"regexp"
	"time"

	"github.com/goccy/go-yaml/ast"

	"tallygate/gateway/internal/route"
	"tallygate/kit/rate"
)

// defaultIdentityHeader carries the user's id, unless the route names another field.
const defaultIdentityHeader = "X-User-Id"

const (
	maxRetries = 10
	maxCost    = 1_000_000
	minTimeout = 100 * time.Millisecond
	maxTimeout = 24 * time.Hour

	aboutField = "the name of a field has only letters, digits and -"
)

// Names appear in logs, metrics and usage. Paths have no character that could be written in two ways.
// docs/routes.schema.json has the same forms.
var (
	nameForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	pathForm     = regexp.MustCompile(`^(/|(/[A-Za-z0-9._~-]+)+)$`)
	dotSegment   = regexp.MustCompile(`(^|/)\.{1,2}(/|$)`)
	methodForm   = regexp.MustCompile(`^[A-Z]{1,32}$`)
	pathsForm    = regexp.MustCompile(`^raw$`)
	streamsForm  = regexp.MustCompile(`^until_closed$`)
	authForm     = regexp.MustCompile(`^(required|public)$`)
	fieldForm    = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	roleForm     = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	durationForm = regexp.MustCompile(`^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h))+$`)
)

// reserved are fields that have a meaning already. The gateway or the upstream reads them, and an identity header's value
// from the client is dropped on every route.
var reserved = regexp.MustCompile(`(?i)^(host|via|te|trailer|upgrade|expect|connection|keep-alive|transfer-encoding|` +
	`http2-settings|proxy|proxy-.*|authorization|origin|forwarded|x-forwarded-(for|proto|host|prefix)|x-request-id|x-tallygate-hops|max-forwards|` +
	`content-.*|accept|accept-.*|access-control-.*|sec-.*|if-.*|cookie|set-cookie|range|date|referer|user-agent|` +
	`cache-control|pragma|traceparent|tracestate|x-user-roles)$`)

// routeKeys are explained in docs/routes.md.
var routeKeys = keys{ //nolint:gochecknoglobals // a constant list
	needed: []string{"name", "path", "upstream"},
	others: []string{
		"tls",
		"exact", "methods", "host", "health", "auth", "roles", "identity_header", "pass_headers", "forward_token", "authorization", "rate", "burst", "cost", "cost_header", "max_body", "timeouts", "retries",
		"strip_prefix", "paths", "via", "websocket", "streams", "cors",
		"informational", "openapi",
	},
}

// route reads one entry.
func (p *parser) route(node ast.Node) {
	o, ok := p.object(node, "", "a route is keys with values, like name: files", routeKeys)
	if !ok {
		return
	}
	r := &route.Route{
		Exact: o.flag("exact", false), Metered: true, Strip: o.flag("strip_prefix", false), NoVia: !o.flag("via", true), WebSocket: o.flag("websocket", true),
		Informational: o.flag("informational", false),
		Retries:       o.number("retries", 1, 0, maxRetries), MaxBody: route.Unbounded, Timeouts: route.DefaultTimeouts(),
	}
	o.matching(r)
	o.upstreams(r)
	o.access(r)
	o.passing(r)
	o.credentials(r)
	o.bounds(r)
	o.cors(r)
	o.description(r)
}

// matching reads which requests the route takes.
func (o *object) matching(r *route.Route) {
	before := len(o.errs)
	name, ok := o.text("name", nameForm, "a name has up to 63 of a-z 0-9 . _ - and begins with a letter or a digit")
	if ok {
		o.named[name.value] = true
	}
	const what = "a path is like /files or /api/v2: letters, digits and . _ ~ - between single slashes, and no slash at the end"
	path, ok := o.text("path", pathForm, what)
	if ok && dotSegment.MatchString(path.value) {
		o.fail(path.at, "path: %q: %s", path.value, what)
	}
	for _, m := range o.list("methods", false, methodForm, "a method is in capital letters, like GET") {
		switch m.value {
		case "CONNECT":
			o.fail(m.at, "methods: CONNECT is not possible: the gateway opens no tunnels")
		case "TRACE":
			o.fail(m.at, "methods: TRACE is not possible: its response would show the request's token")
		}
		r.Methods = append(r.Methods, m.value)
	}
	paths, raw := o.text("paths", pathsForm, "has to be raw; without the key, paths that servers read in different ways are refused")
	if raw && r.Exact {
		o.fail(paths.at, "paths: has no effect with exact: true: nothing follows the route's path")
	}
	r.Name, r.Path, r.RawPaths = name.value, path.value, raw
	if name.at != nil && path.at != nil && len(o.errs) == before {
		o.own = append(o.own, r)
		o.at[r] = name.at
	}
}

// access reads who may call, and what the upstream learns about the user.
func (o *object) access(r *route.Route) {
	auth, ok := o.text("auth", authForm, "has to be required or public")
	if ok && auth.value == "public" {
		r.Public, r.Metered = true, false
		for _, key := range []string{"roles", "identity_header", "rate", "burst", "cost", "cost_header", "streams"} {
			if o.has(key) {
				o.fail(place(o.values[key]), "%s: is not possible with auth: public, where the user is not known", key)
			}
		}
		return
	}
	for _, role := range o.list("roles", false, roleForm, "the name of a role is 1 to 64 of a-z, 0-9, - and _") {
		r.Roles = append(r.Roles, role.value)
	}
	r.IdentityHeader = defaultIdentityHeader
	if header, ok := o.text("identity_header", fieldForm, aboutField); ok {
		r.IdentityHeader = header.value
		o.identities = append(o.identities, header.value)
		if reserved.MatchString(header.value) {
			o.fail(header.at, "identity_header: %q has another meaning already: choose another name, like X-Account", header.value)
		}
	}
	r.ExtraCost = o.number("cost", 1, 0, maxCost) - 1
	if field, ok := o.text("cost_header", fieldForm, aboutField); ok {
		if r.CostField = field.value; reserved.MatchString(field.value) {
			o.fail(field.at, "cost_header: %q has another meaning already: choose another name, like X-Cost", field.value)
		}
	}
	const aboutStreams = "has to be until_closed; without the key, streams end with their user's permission"
	_, r.UntilClosed = o.text("streams", streamsForm, aboutStreams)
	if !o.has("rate") && o.has("burst") {
		o.fail(place(o.values["burst"]), "burst: has no effect without rate")
	}
	if text, ok := o.text("rate", rate.Form, rate.About); ok {
		parsed, _ := rate.Parse(text.value) // text has its form
		burst := o.number("burst", parsed.Calls, 1, rate.MaxBurst)
		r.Rate = route.Rate{Requests: parsed.Calls, Per: parsed.Per, Burst: burst}
	}
}

// bounds reads the bound of the body and the timeouts.
func (o *object) bounds(r *route.Route) {
	o.size("max_body", &r.MaxBody)
	if t, ok := o.inner("timeouts", keys{others: []string{"connect", "first_byte", "progress"}}); ok {
		t.duration("connect", &r.Timeouts.Connect)
		t.duration("first_byte", &r.Timeouts.FirstByte)
		t.duration("progress", &r.Timeouts.Progress)
	}
}

func (o *object) duration(key string, into *time.Duration) {
	const what = "has to be a time from 100ms to 24h, like 5s or 1m30s"
	t, ok := o.text(key, durationForm, what)
	if !ok {
		return
	}
	d, err := time.ParseDuration(t.value)
	if err != nil || d < minTimeout || d > maxTimeout {
		o.fail(t.at, "%s%s: %q: %s", o.prefix, key, t.value, what)
		return
	}
	*into = d
}
