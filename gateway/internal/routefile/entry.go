package routefile

import (
	"regexp"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"tallygate/gateway/internal/route"
)

// defaultIdentityHeader is what a route with a token sends the user's id in.
const defaultIdentityHeader = "X-User-Id"

const (
	maxRetries   = 10
	maxBurst     = 999_999_999
	minTimeLimit = 100 * time.Millisecond
	maxTimeLimit = 24 * time.Hour
)

// Names stand in logs, metrics and usage; paths have no character that could be written in two ways. The same forms
// stand in docs/routes.schema.json.
var (
	nameForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	pathForm     = regexp.MustCompile(`^(/|(/[A-Za-z0-9._~-]+)+)$`)
	dotSegment   = regexp.MustCompile(`(^|/)\.{1,2}(/|$)`)
	methodForm   = regexp.MustCompile(`^[A-Z]{1,32}$`)
	authForm     = regexp.MustCompile(`^(required|public)$`)
	fieldForm    = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	rateForm     = regexp.MustCompile(`^([1-9][0-9]{0,8}) ?/ ?(s|m|h)$`)
	durationForm = regexp.MustCompile(`^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h))+$`)
)

// reserved are fields that mean something already: the gateway or the upstream would read them, and what the client
// says in them would be dropped on every route.
var reserved = regexp.MustCompile(`(?i)^(host|via|te|trailer|upgrade|expect|connection|keep-alive|transfer-encoding|` +
	`http2-settings|proxy|proxy-.*|authorization|origin|forwarded|x-forwarded-(for|proto|host)|x-request-id|max-forwards|` +
	`content-.*|accept|accept-.*|access-control-.*|sec-.*|if-.*|cookie|set-cookie|range|date|referer|user-agent|` +
	`cache-control|pragma|traceparent|tracestate)$`)

// routeKeys are explained in docs/routes.md.
var routeKeys = keys{ //nolint:gochecknoglobals // a constant list
	needed: []string{"name", "path", "upstream"},
	others: []string{
		"exact", "methods", "health", "auth", "identity_header", "rate", "burst", "max_body", "timeouts", "retries",
		"strip_prefix", "websocket", "cors",
	},
}

// route reads one entry.
func (p *parser) route(node ast.Node) {
	o, ok := p.object(node, "", "a route is keys with values, like name: files", routeKeys)
	if !ok {
		return
	}
	r := &route.Route{
		Exact: o.flag("exact", false), Metered: true, Strip: o.flag("strip_prefix", false), WebSocket: o.flag("websocket", true),
		Retries: o.number("retries", 1, 0, maxRetries), MaxBody: route.Unbounded, Timeouts: route.DefaultTimeouts(),
	}
	o.claim(r)
	o.upstreams(r)
	o.access(r)
	o.bounds(r)
	o.cors(r)
}

// claim reads what the route takes.
func (o *object) claim(r *route.Route) {
	before := len(o.errs)
	name, ok := o.text("name", nameForm, "a name is of a-z 0-9 . _ -, begins with a letter or digit, and is up to 63 long")
	if ok {
		o.named[name.value] = true
	}
	const what = "a path is like /files or /api/v2: letters, digits and . _ ~ - between single slashes, none at the end"
	path, ok := o.text("path", pathForm, what)
	if ok && dotSegment.MatchString(path.value) {
		o.fail(path.at, "path: %q: %s", path.value, what)
	}
	for _, m := range o.list("methods", false, methodForm, "a method is in capitals, like GET") {
		switch m.value {
		case "CONNECT":
			o.fail(m.at, "methods: the gateway opens no tunnels with CONNECT")
		case "TRACE":
			o.fail(m.at, "methods: an answer to TRACE would show the request's token")
		}
		r.Methods = append(r.Methods, m.value)
	}
	r.Name, r.Path = name.value, path.value
	if name.at != nil && path.at != nil && len(o.errs) == before {
		o.own = append(o.own, r)
		o.at[r] = name.at
	}
}

// access reads who may call, and what the upstream is told of them.
func (o *object) access(r *route.Route) {
	auth, ok := o.text("auth", authForm, "has to be required or public")
	if ok && auth.value == "public" {
		r.Public, r.Metered = true, false
		for _, key := range []string{"identity_header", "rate", "burst"} {
			if o.has(key) {
				o.fail(place(o.values[key]), "%s: a public route knows nobody", key)
			}
		}
		return
	}
	r.IdentityHeader = defaultIdentityHeader
	if header, ok := o.text("identity_header", fieldForm, "a field's name is of letters, digits and -"); ok {
		r.IdentityHeader = header.value
		if reserved.MatchString(header.value) {
			o.fail(header.at, "identity_header: %q has a meaning of its own: choose another, like X-Account", header.value)
		}
	}
	if !o.has("rate") && o.has("burst") {
		o.fail(place(o.values["burst"]), "burst: means nothing without rate")
	}
	if rate, ok := o.text("rate", rateForm, "a rate is like 100/s, 60/m or 1000/h"); ok {
		parts := rateForm.FindStringSubmatch(rate.value)
		count, _ := strconv.Atoi(parts[1]) // nine digits fit
		per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[parts[2]]
		r.Rate = route.Rate{Requests: count, Per: per, Burst: o.number("burst", count, 1, maxBurst)}
	}
}

// bounds reads the limits of size and time.
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
	if err != nil || d < minTimeLimit || d > maxTimeLimit {
		o.fail(t.at, "%s%s: %q: %s", o.prefix, key, t.value, what)
		return
	}
	*into = d
}
