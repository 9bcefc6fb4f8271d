package guess

import (
	"crypto/sha256"
	"net/netip"
)

// Scope is what a guess is counted under.
type Scope struct {
	Name    string
	Address netip.Addr
}

// Network is the part of an address that one customer of a provider holds: all of an IPv4 address, and the first 64
// bits of an IPv6 one, whose other 64 cost nothing to vary.
func Network(address netip.Addr) string {
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

func (s Scope) addressKey() Key {
	return sha256.Sum256([]byte("address\x00" + Network(s.Address)))
}

func (s Scope) nameKey() Key {
	return sha256.Sum256([]byte("name\x00" + Network(s.Address) + "\x00" + s.Name))
}
