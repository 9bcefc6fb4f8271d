package edge

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"tallygate/gateway/internal/wire"
)

// Hosts is the list of host names under which the gateway serves. nil allows every name.
type Hosts struct {
	names map[string]struct{} // in lower case, without port and last dot
	below map[string]struct{} // ".example.com": every name that ends so
}

// ParseHosts reads a comma-separated list of names and addresses like example.com, *.example.com, 192.0.2.1 and [2001:db8::1].
// A port is allowed and means nothing. An empty text is no list: nil.
func ParseHosts(text string) (*Hosts, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // nil is a value of Hosts
	}
	h := &Hosts{names: map[string]struct{}{}, below: map[string]struct{}{}}
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		name, wildcard := strings.CutPrefix(word, "*.")
		if inner, port, ok := strings.Cut(strings.TrimPrefix(name, "["), "]"); ok {
			if addr, err := netip.ParseAddr(inner); err == nil {
				name = "[" + addr.String() + "]" + port // in its shortest form, as clients send it
			}
		}
		if !wire.ValidHost([]byte(name)) || strings.ContainsAny(name, "!$%&'()*+;=") || name[0] == '.' || wildcard && name[0] == '[' {
			return nil, fmt.Errorf("%q is not a host name like example.com or *.example.com", word)
		}
		name = string(hostName(make([]byte, 0, len(name)), []byte(name)))
		if wildcard {
			h.below["."+name] = struct{}{}
		} else {
			h.names[name] = struct{}{}
		}
	}
	if len(h.names)+len(h.below) == 0 {
		return nil, errors.New("it names no host; leave it empty to allow every name")
	}
	return h, nil
}

// hostName appends the name of a valid host to b: in lower case, without the port, and without the last dot, which means
// the same name (RFC 3986 section 3.2.2).
func hostName(b, host []byte) []byte {
	for i, c := range host {
		if c == ':' && host[0] != '[' || i > 0 && host[i-1] == ']' {
			break
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	if n := len(b); n > 1 && b[n-1] == '.' {
		b = b[:n-1]
	}
	return b
}

// Has reports whether host, with or without a port, is one of the names. An empty one is none.
func (h *Hosts) Has(host []byte) bool {
	if h == nil {
		return true
	}
	if !wire.ValidHost(host) {
		return false
	}
	var memory [wire.MaxHostBytes]byte
	name := hostName(memory[:0], host)
	if _, ok := h.names[string(name)]; ok {
		return true
	}
	for i := 1; i < len(name); i++ {
		if name[i] == '.' {
			if _, ok := h.below[string(name[i:])]; ok {
				return true
			}
		}
	}
	return false
}

// misdirected refuses a request for a host that is not in the list. The host of a trusted proxy's X-Forwarded-Host has to
// be in the list too: upstreams get both.
func (k *call) misdirected() error {
	hosts := k.conn.server.cfg.Hosts
	if hosts == nil {
		return nil
	}
	if _, forwarded := k.reachedBy(); hosts.Has(k.request.Host) && hosts.Has(forwarded) {
		return nil
	}
	return errMisdirected
}
