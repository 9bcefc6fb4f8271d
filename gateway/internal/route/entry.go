package route

import (
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"
)

// defaultIdentityHeader is what a route with a token sends the user's id in.
const defaultIdentityHeader = "X-User-Id"

const (
	maxRetries   = 10
	maxTimeLimit = 24 * time.Hour
)

// Names stand in logs, metrics and usage; paths have no character that could be written in two ways.
var (
	nameForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	pathForm   = regexp.MustCompile(`^(/|(/[A-Za-z0-9._~-]+)+)$`)
	dotSegment = regexp.MustCompile(`(^|/)\.{1,2}(/|$)`)
	methodForm = regexp.MustCompile(`^[A-Z]{1,32}$`)
	fieldForm  = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	sizeForm   = regexp.MustCompile(`^([0-9]{1,12}) ?(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$`)
	rateForm   = regexp.MustCompile(`^([0-9]{1,9}) ?/ ?(s|m|h)$`)
)

// route reads one entry.
func (p *parser) route(e *entry) *Route {
	p.here = e.position()
	r := &Route{
		Name: e.Name.value, Path: e.Path.value, Exact: e.Exact.value, Tally: true, Strip: e.StripPrefix.value,
		WebSocket: e.WebSocket.or(true), Retries: e.Retries.or(1), MaxBody: NoLimit, Limits: DefaultLimits(),
	}
	p.at[r] = p.here
	if !nameForm.MatchString(r.Name) {
		p.fail(e.Name.at, "name: a route needs one of a-z 0-9 . _ - that begins with a letter or digit, up to 63 long")
	}
	if !pathForm.MatchString(r.Path) || dotSegment.MatchString(r.Path) {
		p.fail(e.Path.at, "path: has to be like /files or /api/v2: letters, digits and . _ ~ - between single slashes, none at the end")
	}
	for _, m := range e.Methods {
		if !methodForm.MatchString(m.value) || m.value == "CONNECT" {
			p.fail(m.at, "methods: %q is not a method in capitals like GET", m.value)
		}
		r.Methods = append(r.Methods, m.value)
	}
	p.upstreams(r, e)
	p.access(r, e)
	p.bounds(r, e)
	p.cors(r, e)
	return r
}

// position is where the entry begins.
func (e *entry) position() *token.Position {
	if e.Name.at != nil {
		return e.Name.at
	}
	return e.Path.at
}

func (p *parser) upstreams(r *Route, e *entry) {
	if len(e.Upstream.list) == 0 {
		p.fail(nil, "upstream: a route needs one, like http://files:9000, or a list of them")
	}
	for _, text := range e.Upstream.list {
		u, err := url.Parse(text.value)
		if err != nil || u.Scheme != "http" || u.Hostname() == "" || u.User != nil ||
			strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			p.fail(text.at, "upstream: %q is not an address like http://files:9000 (http only, no path)", text.value)
			continue
		}
		port := u.Port()
		if port == "" {
			port = "80"
		}
		r.Upstreams = append(r.Upstreams, net.JoinHostPort(u.Hostname(), port))
	}
	if r.Health = e.Health.value; r.Health != "" && (r.Health[0] != '/' || strings.ContainsAny(r.Health, " #\r\n\t")) {
		p.fail(e.Health.at, "health: has to be a path like /livez")
	}
}

// access reads who may call, and what the upstream is told of them.
func (p *parser) access(r *Route, e *entry) {
	switch e.Auth.or("required") {
	case "required":
		r.IdentityHeader = e.IdentityHeader.or(defaultIdentityHeader)
		if !fieldForm.MatchString(r.IdentityHeader) {
			p.fail(e.IdentityHeader.at, "identity_header: %q is not a header's name of letters, digits and -", r.IdentityHeader)
		}
	case "public":
		r.Public, r.Tally = true, false
		if e.IdentityHeader.at != nil {
			p.fail(e.IdentityHeader.at, "identity_header: a public route knows nobody")
		}
		if e.Rate.at != nil {
			p.fail(e.Rate.at, "rate: limits are per user, and a public route knows nobody")
		}
	default:
		p.fail(e.Auth.at, "auth: has to be required or public, not %q", e.Auth.value)
	}
	if e.Rate.at == nil {
		if e.Burst.at != nil {
			p.fail(e.Burst.at, "burst: means nothing without rate")
		}
		return
	}
	parts := rateForm.FindStringSubmatch(e.Rate.value)
	if parts == nil {
		p.fail(e.Rate.at, "rate: has to be like 100/s, 60/m or 1000/h")
		return
	}
	count, _ := strconv.Atoi(parts[1]) // nine digits fit
	r.Rate = Rate{Requests: count, Per: map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[parts[2]]}
	r.Rate.Burst = e.Burst.or(count)
	if count == 0 || r.Rate.Burst < 1 {
		p.fail(e.Rate.at, "rate: and burst have to be at least 1")
	}
}

// bounds reads the limits of size, time and tries.
func (p *parser) bounds(r *Route, e *entry) {
	if e.MaxBody.at != nil {
		parts := sizeForm.FindStringSubmatch(e.MaxBody.value)
		if parts == nil {
			p.fail(e.MaxBody.at, "max_body: has to be a size like 64KiB, 10MB or 2GiB")
		} else {
			n, _ := strconv.ParseInt(parts[1], 10, 64) // twelve digits fit, times a unit below 2^41 too
			r.MaxBody = n * unit(parts[2])
			if r.MaxBody/unit(parts[2]) != n {
				p.fail(e.MaxBody.at, "max_body: %s is too large", e.MaxBody.value)
			}
		}
	}
	p.duration("timeouts.connect", &e.Timeouts.Connect, &r.Limits.Connect)
	p.duration("timeouts.first_byte", &e.Timeouts.FirstByte, &r.Limits.FirstByte)
	p.duration("timeouts.progress", &e.Timeouts.Progress, &r.Limits.Progress)
	if r.Retries < 0 || r.Retries > maxRetries {
		p.fail(e.Retries.at, "retries: has to be from 0 to %d", maxRetries)
	}
}

func (p *parser) duration(key string, text *located[string], into *time.Duration) {
	if text.at == nil {
		return
	}
	d, err := time.ParseDuration(text.value)
	if err != nil || d < 100*time.Millisecond || d > maxTimeLimit {
		p.fail(text.at, "%s: has to be a time from 100ms to 24h, like 5s or 1m30s", key)
		return
	}
	*into = d
}

func unit(name string) int64 {
	const kilo, kibi = 1000, 1024
	switch name {
	case "KB":
		return kilo
	case "MB":
		return kilo * kilo
	case "GB":
		return kilo * kilo * kilo
	case "TB":
		return kilo * kilo * kilo * kilo
	case "KiB":
		return kibi
	case "MiB":
		return kibi * kibi
	case "GiB":
		return kibi * kibi * kibi
	case "TiB":
		return kibi * kibi * kibi * kibi
	}
	return 1
}

func (p *parser) cors(r *Route, e *entry) {
	if e.CORS == nil {
		return
	}
	c := &CORS{MaxAge: 10 * time.Minute}
	for _, o := range e.CORS.Origins {
		if u, err := url.Parse(o.value); o.value != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" ||
			u.RawQuery != "" || u.User != nil || strings.ToLower(o.value) != o.value) {
			p.fail(o.at, "cors.origins: %q is neither * nor like https://app.example.org", o.value)
		}
		c.Origins = append(c.Origins, o.value)
	}
	if len(c.Origins) == 0 {
		p.fail(nil, "cors: needs origins")
	}
	for _, list := range []struct {
		key  string
		from []located[string]
		into *[]string
	}{{"headers", e.CORS.Headers, &c.Headers}, {"expose", e.CORS.Expose, &c.Expose}} {
		for _, f := range list.from {
			if !fieldForm.MatchString(f.value) {
				p.fail(f.at, "cors.%s: %q is not a header's name of letters, digits and -", list.key, f.value)
			}
			*list.into = append(*list.into, f.value)
		}
	}
	p.duration("cors.max_age", &e.CORS.MaxAge, &c.MaxAge)
	r.CORS = c
}
