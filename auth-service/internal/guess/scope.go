package guess

import (
	"crypto/sha256"
	"net/netip"
	"time"
)

// Scope is what an attempt is counted under. A registration has no name.
type Scope struct {
	Name    string
	Address netip.Addr
}

// Network is the part of an address that identifies one customer of a provider: all of an IPv4 address, and the first 64
// bits of an IPv6 address. A customer can vary the other 64 bits freely.
func Network(address netip.Addr) string {
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

// counted is a counter that an attempt is counted under, and how it counts there.
type counted struct {
	key     Key
	policy  Policy
	longest time.Duration // the delay that it may bring
	resets  bool          // a right password resets the failures before it
}

func (t *Throttle) nameCounter(s Scope) counted {
	return t.counter("name", t.cfg.Limits.PerName, "name\x00"+Network(s.Address)+"\x00"+s.Name, true)
}

// addressCounter is never reset by a right password: an attacker may have an account too.
func (t *Throttle) addressCounter(s Scope) counted {
	return t.counter("address", t.cfg.Limits.PerAddress, "address\x00"+Network(s.Address), false)
}

func (t *Throttle) registrationCounter(s Scope) counted {
	return t.counter("registrations", t.cfg.Limits.Registrations, "registration\x00"+Network(s.Address), false)
}

func (t *Throttle) counter(policy string, free int, text string, resets bool) counted {
	return counted{
		key: sha256.Sum256([]byte(text)), policy: Policy{Name: policy, Free: free, Window: t.cfg.Limits.Window},
		longest: t.cfg.Limits.MaxDelay, resets: resets,
	}
}

func keys(under []counted) []Key {
	list := make([]Key, len(under))
	for i, c := range under {
		list[i] = c.key
	}
	return list
}
