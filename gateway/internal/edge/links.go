package edge

import (
	"slices"
	"strings"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
)

// prefix is what trusted proxies and the gateway have removed from the client's path.
func (k *call) prefix() []byte {
	switch {
	case len(k.outer.prefix) == 0:
		return k.route.prefix
	case len(k.route.prefix) == 0:
		return k.outer.prefix
	}
	return slices.Concat(k.outer.prefix, k.route.prefix)
}

// linksOf says how the links of a route's upstream differ from the client's; nil if they do not: the upstream gets the client's path
// and host.
func linksOf(r *route.Route) *forward.Links {
	if (!r.Strip || r.Path == "/") && r.Under == "" && r.BasePath == "" && r.Host == "" {
		return nil
	}
	links := &forward.Links{TLS: r.TLS.On}
	for _, addr := range r.Upstreams {
		if strings.HasPrefix(addr, "unix:") {
			addr = upstream.SocketHost
		}
		links.Names = append(links.Names, addr)
	}
	if r.Host != "" && r.Host != route.UpstreamsHost {
		links.Names = append(links.Names, r.Host)
	}
	return links
}
