package httpd

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientAddr is the address of the client: the TCP peer or, if that is a trusted proxy, the right-most entry of
// X-Forwarded-For that is no trusted proxy. Entries to the left of it may be made up. forwardedFor holds the field's
// values in the order received. An entry that is not an address ends the search: the hop before it is the client.
func ClientAddr(peer netip.Addr, forwardedFor []string, trusted []netip.Prefix) netip.Addr {
	client := peer.Unmap().WithZone("")
	for _, rest := range slices.Backward(forwardedFor) {
		for rest != "" {
			if !Trusted(trusted, client) {
				return client
			}
			var entry string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, entry = rest[:comma], rest[comma+1:]
			} else {
				rest, entry = "", rest
			}
			hop, err := netip.ParseAddr(strings.Trim(entry, " \t"))
			if err != nil {
				return client
			}
			client = hop.Unmap().WithZone("")
		}
	}
	return client
}

// ClientOf is ClientAddr for a request of net/http. It is the zero Addr if the peer's address is not known.
func ClientOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ClientAddr(peer.Addr(), r.Header["X-Forwarded-For"], trusted)
}

// Trusted reports whether an address is that of a trusted proxy.
func Trusted(trusted []netip.Prefix, addr netip.Addr) bool {
	for _, p := range trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
