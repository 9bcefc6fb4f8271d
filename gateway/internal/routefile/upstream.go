package routefile

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tallygate/gateway/internal/route"
)

// docs/routes.schema.json has the same forms.
var (
	upstreamForm = regexp.MustCompile(`^((https?|h2c)://([A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?(/|(/[A-Za-z0-9._~-]+)+/?)?` +
		`|unix:(//)?(/[A-Za-z0-9._~@+,:=-]+)+)$`)
	hostForm = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?$`)
)

const (
	aboutUpstream = "an upstream is like http://files:9000, https://files.example.org/base, h2c://greeter:50051 or unix:/run/files.sock"
	aboutHost     = "has to be client, upstream, or the name of a host with or without a port"
	aboutHostName = "has to be the name of a host with or without a port"
	maxPort       = 65535
	maxSocketPath = 107 // bytes, on Linux
)

// upstreams reads where the replicas are, and what they are asked.
func (o *object) upstreams(r *route.Route) {
	var first *target
	for _, t := range o.list("upstream", true, upstreamForm, aboutUpstream) {
		to, why := targetOf(t.value)
		switch {
		case why != "":
			o.fail(t.at, "upstream: %q: %s", t.value, why)
			continue
		case slices.Contains(r.Upstreams, to.addr):
			o.fail(t.at, "upstream: %s stands here twice", to.addr)
			continue
		case first == nil:
			first = &to
			r.BasePath, r.TLS.On, r.HTTP2 = to.base, to.scheme == "https", to.scheme == "h2c"
		}
		if why := first.excludes(to); why != "" {
			o.fail(t.at, "upstream: %q: %s", t.value, why)
			continue
		}
		r.Upstreams = append(r.Upstreams, to.addr)
	}
	o.tls(r, first)
	o.host(r)
	o.health(r)
}

// host reads which Host field the upstream gets.
func (o *object) host(r *route.Route) {
	host, ok := o.text("host", hostForm, aboutHost)
	if !ok || host.value == "client" {
		return
	}
	if o.validHost(host, "host", aboutHost) {
		r.Host = host.value
	}
}

// validHost reports whether a text in the form of a host is one.
func (o *object) validHost(host text, key, what string) bool {
	u, err := url.Parse("http://" + host.value)
	ok := err == nil
	if ok {
		_, ok = address(u)
	}
	if !ok {
		o.fail(host.at, "%s: %q: %s", key, host.value, what)
	}
	return ok
}

// target is an upstream as its URL names it.
type target struct {
	scheme string
	addr   string // as Route.Upstreams has it
	base   string // of the path
}

// excludes says why another target cannot stand in one list with this one; empty if it can. A request may go to any of them.
func (t *target) excludes(other target) string {
	switch {
	case (t.scheme == "https") != (other.scheme == "https"):
		return "https does not stand in one list with http or a Unix socket: half of what is kept secret is not secret"
	case (t.scheme == "h2c") != (other.scheme == "h2c"):
		return "h2c stands in one list with h2c only: all upstreams of a list speak one protocol"
	case t.base != other.base:
		return "the upstreams of one list have one base path (a Unix socket has none): a request may go to any of them"
	}
	return ""
}

// targetOf reads a URL that has the form of an upstream. why says what is wrong with it.
func targetOf(text string) (to target, why string) {
	if path, isSocket := strings.CutPrefix(text, "unix:"); isSocket {
		path = "/" + strings.TrimLeft(path, "/")
		if len(path) > maxSocketPath {
			return to, "the path of a Unix socket has at most " + strconv.Itoa(maxSocketPath) + " bytes"
		}
		if dotSegment.MatchString(path) {
			return to, aboutUpstream
		}
		return target{scheme: "unix", addr: "unix:" + path}, ""
	}
	u, err := url.Parse(text)
	if err != nil || dotSegment.MatchString(u.Path) {
		return to, aboutUpstream
	}
	to = target{scheme: u.Scheme, base: strings.TrimSuffix(u.Path, "/")}
	var ok bool
	if to.addr, ok = address(u); !ok {
		return to, aboutUpstream
	}
	return to, ""
}

// address returns the host:port of a URL in its one normal form.
func address(u *url.URL) (string, bool) {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	if !validPort(port) {
		return "", false
	}
	if strings.HasPrefix(u.Host, "[") {
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.Is6() {
			return "", false
		}
		host = ip.String()
	}
	return net.JoinHostPort(host, port), true
}

func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n <= maxPort
}
