package httpd

import (
	"iter"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// ProxyFields are the fields in which proxies say how a client has reached them. Each has its values in the order received.
// Each proxy adds its part at the right-hand end, so what a client makes up is on the left.
type ProxyFields struct {
	For, Proto, Host, Prefix []string // X-Forwarded-For, -Proto, -Host, -Prefix
	// Forwarded (RFC 7239) is read if there is none of For, Proto and Host.
	Forwarded []string
}

// Reached is how a client has reached the outermost proxy that is trusted.
type Reached struct {
	// Client is the TCP peer or, if that is a trusted proxy, the right-most address in the fields that is no trusted proxy.
	Client netip.Addr
	// Proto is http or https; empty if no trusted proxy says it.
	Proto string
	// Host is as it came, and may be no valid host; empty if no trusted proxy says it.
	Host string
	// Prefixes are what trusted proxies have removed from the path, the outermost first, as they came.
	Prefixes []string
}

// Reached reads the fields of a request that came from peer. They are followed from right to left, as far as trusted
// proxies have written them. An entry that is no address ends that: the hop before it is the client. Of the other
// fields, the entry that belongs to the outermost trusted proxy counts, or the first if there are fewer.
func (f ProxyFields) Reached(peer netip.Addr, trusted []netip.Prefix) Reached {
	w := walk{client: plain(peer), trusted: trusted}
	if !w.follows() {
		return Reached{Client: w.client}
	}
	if len(f.For)+len(f.Proto)+len(f.Host) == 0 {
		reached := w.forwarded(f.Forwarded)
		reached.Prefixes = lastEntries(f.Prefix, w.vouched)
		return reached
	}
	w.forwardedFor(f.For)
	return Reached{
		Client: w.client, Proto: scheme(first(lastEntries(f.Proto, w.vouched))), Host: first(lastEntries(f.Host, w.vouched)),
		Prefixes: lastEntries(f.Prefix, w.vouched),
	}
}

// walk goes from the peer towards the client.
type walk struct {
	trusted []netip.Prefix
	client  netip.Addr // as far as it is known
	vouched int        // how many entries trusted proxies have written
}

// everything is vouched for if all addresses are those of trusted proxies: then the client is one, too.
const everything = math.MaxInt

func (w *walk) follows() bool { return Trusted(w.trusted, w.client) }

// step takes the address that the proxy at w.client has written, and reports whether the walk goes on.
func (w *walk) step(node string) bool {
	w.vouched++
	hop, ok := hopAddr(node)
	if ok {
		w.client = hop
	}
	return ok && w.follows()
}

func (w *walk) forwardedFor(values []string) {
	for entry := range entriesFromRight(values) {
		if !w.step(entry) {
			return
		}
	}
	w.vouched = everything
}

// forwarded is forwardedFor for the field Forwarded, whose elements hold the other facts too. One that is malformed says nothing,
// and ends the walk.
func (w *walk) forwarded(values []string) (r Reached) {
	defer func() { r.Client = w.client }()
	for _, value := range slices.Backward(values) {
		elements, ok := parseForwarded(value)
		if !ok {
			w.vouched++
			return r
		}
		for _, e := range slices.Backward(elements) {
			if proto := scheme(e.proto); proto != "" {
				r.Proto = proto
			}
			if e.host != "" {
				r.Host = e.host
			}
			if !w.step(e.node) {
				return r
			}
		}
	}
	w.vouched = everything
	return r
}

// entriesFromRight are the entries of a list over several fields, the last one first.
func entriesFromRight(values []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, rest := range slices.Backward(values) {
			for rest != "" {
				comma := strings.LastIndexByte(rest, ',')
				if !yield(strings.Trim(rest[comma+1:], " \t")) {
					return
				}
				rest = rest[:max(comma, 0)]
			}
		}
	}
}

// lastEntries are the last n entries of a list, in their order.
func lastEntries(values []string, n int) (last []string) {
	for entry := range entriesFromRight(values) {
		if len(last) == n {
			break
		}
		last = append(last, entry)
	}
	slices.Reverse(last)
	return last
}

func first(entries []string) string {
	if len(entries) == 0 {
		return ""
	}
	return entries[0]
}

// scheme is http or https for the names that proxies have for them; empty for others.
func scheme(name string) string {
	switch strings.ToLower(unquoted(name)) {
	case "https", "wss":
		return "https"
	case "http", "ws":
		return "http"
	}
	return ""
}
