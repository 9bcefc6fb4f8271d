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

var (
	upstreamForm = regexp.MustCompile(`^http://([A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?/?$`)
	healthForm   = regexp.MustCompile(`^/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$`)
)

const (
	aboutUpstream = "an upstream is like http://files:9000 (http only, no path)"
	maxPort       = 65535
)

// upstreams reads the addresses of the replicas and the path of their health check.
func (o *object) upstreams(r *route.Route) {
	for _, t := range o.list("upstream", true, upstreamForm, aboutUpstream) {
		addr, ok := address(t.value)
		switch {
		case !ok:
			o.fail(t.at, "upstream: %q: %s", t.value, aboutUpstream)
		case slices.Contains(r.Upstreams, addr):
			o.fail(t.at, "upstream: %s stands here twice", addr)
		default:
			r.Upstreams = append(r.Upstreams, addr)
		}
	}
	if health, ok := o.text("health", healthForm, "has to be a path like /livez, with other characters percent-encoded"); ok {
		r.Health = health.value
	}
}

// address returns the host:port of a URL in its one normal form.
func address(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil {
		return "", false
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = "80"
	}
	if n, err := strconv.Atoi(port); err != nil || n > maxPort {
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
