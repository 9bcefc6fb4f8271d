package httpd

import (
	"net/http"
	"net/netip"
)

// ClientOf is the address of the client of a net/http request: the TCP peer or, if that is a trusted proxy, what the proxies
// say. It is the zero Addr if the peer's address is not known.
func ClientOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	fields := ProxyFields{
		For: r.Header["X-Forwarded-For"], Proto: r.Header["X-Forwarded-Proto"], Host: r.Header["X-Forwarded-Host"],
		Forwarded: r.Header["Forwarded"],
	}
	return fields.Reached(peer.Addr(), trusted).Client
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
