package edge

import (
	"bytes"
	"strings"

	"tallygate/gateway/internal/wire"
	"tallygate/kit/httpd"
)

// outer is how the client has reached the trusted proxies in front of the gateway. What they do not say is empty. It has
// memory of its own: that of the request may be given back.
type outer struct {
	proto        string // http or https
	host, prefix []byte // valid ones
}

// believe takes over what trusted proxies say about the client.
func (k *call) believe() {
	trusted := k.conn.server.cfg.Trusted
	if !httpd.Trusted(trusted, k.conn.peer) {
		return
	}
	fields, found := k.proxyFields()
	if !found {
		return
	}
	reached := fields.Reached(k.conn.peer, trusted)
	if reached.Client != k.conn.peer {
		k.client = reached.Client.String()
	}
	k.outer.proto = reached.Proto
	if host := []byte(reached.Host); wire.ValidHost(host) {
		k.outer.host = host
	}
	k.outer.prefix = joinPrefixes(reached.Prefixes)
}

// proxyFields are the request's fields that proxies write, and whether there is any.
func (k *call) proxyFields() (f httpd.ProxyFields, found bool) {
	for i := range k.request.Fields() {
		var into *[]string
		switch at := k.request.Field(i); {
		case at.Alias:
		case at.Kind == wire.ForwardedFor:
			into = &f.For
		case at.Kind == wire.ForwardedProto:
			into = &f.Proto
		case at.Kind == wire.ForwardedHost:
			into = &f.Host
		case at.Kind == wire.Forwarded && bytes.EqualFold(at.Name, []byte("Forwarded")):
			into = &f.Forwarded
		case at.Kind == wire.Forwarded && bytes.EqualFold(at.Name, []byte("X-Forwarded-Prefix")):
			into = &f.Prefix
		}
		if into != nil {
			*into, found = append(*into, string(k.request.Value(i))), true
		}
	}
	return f, found
}

// joinPrefixes are the parts of the path that proxies have removed, as one path without a slash at its end. It is empty if
// one of them is no path: an upstream puts the prefix into links, where "//host" would lead elsewhere.
func joinPrefixes(prefixes []string) (joined []byte) {
	for _, p := range prefixes {
		if p = strings.TrimSuffix(p, "/"); p == "" {
			continue
		}
		if p[0] != '/' {
			return nil
		}
		clean, err := wire.CleanPath([]byte(p))
		if err != nil {
			return nil
		}
		joined = append(joined, clean...)
	}
	return joined
}

// reachedBy returns the protocol and the host by which the client has reached the outermost trusted proxy, or the gateway.
func (k *call) reachedBy() (proto string, host []byte) {
	proto, host = k.conn.proto, k.request.Host
	if k.outer.proto != "" {
		proto = k.outer.proto
	}
	if k.outer.host != nil {
		host = k.outer.host
	}
	return proto, host
}
