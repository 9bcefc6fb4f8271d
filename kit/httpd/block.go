package httpd

import "net/netip"

// Block is what one host can use every address of: an address, or a /64 of IPv6. Shares of clients are counted by it.
func Block(address netip.Addr) netip.Addr {
	if !address.Is6() {
		return address
	}
	prefix, _ := address.Prefix(64) // an address of IPv6 has one
	return prefix.Addr()
}
