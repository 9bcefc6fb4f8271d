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

// site is the /48 of an IPv6 address, the most that one customer usually gets. There is none for an IPv4 address.
func site(address netip.Addr) (string, bool) {
	if !address.Is6() || address.Is4In6() {
		return "", false
	}
	prefix, err := address.Prefix(48)
	return prefix.String(), err == nil
}

// counted is a counter that an attempt is counted under, and how it counts there.
type counted struct {
	key     Key
	policy  Policy
	longest time.Duration // the delay that it may bring
	resets  bool          // a right password resets the failures before it
	name    Key           // the NameKey of the name; zero if the counter is of an address
}

// NameKey stands for a user name in all the counters of that name, so that they can be forgotten together.
func NameKey(name string) Key { return sha256.Sum256([]byte("of\x00" + name)) }

// of returns the counter as one of that name.
func (c counted) of(name string) counted {
	c.name = NameKey(name)
	return c
}

func (t *Throttle) nameCounter(s Scope) counted {
	return t.counter("name", t.cfg.Limits.PerName, "name\x00"+Network(s.Address)+"\x00"+s.Name, true).of(s.Name)
}

// elsewhere returns the counters of an attempt at an address that is not known. None is reset by a right password: an attacker
// may have an account too, and the owner's sign-ins must not give an attacker more tries. The order is the one in which an
// attempt joins the counters' queues, always the same, so that no two attempts wait for each other. The name comes first:
// whoever waits for a name that many guess must not be the first of an address that others share.
func (t *Throttle) elsewhere(s Scope) []counted {
	limits := t.cfg.Limits
	var list []counted
	if limits.PerNameAnywhere > 0 {
		list = append(list, t.counter("name-anywhere", limits.PerNameAnywhere, "anywhere\x00"+s.Name, false).of(s.Name))
	}
	return append(list, t.addressCounters("address", limits.PerAddress, s)...)
}

// addressCounters are of the address and, for IPv6, of its site.
func (t *Throttle) addressCounters(policy string, free int, s Scope) []counted {
	list := []counted{t.counter(policy, free, policy+"\x00"+Network(s.Address), false)}
	if site, ok := site(s.Address); ok {
		list = append(list, t.counter(policy+"-site", siteFactor*free, policy+"-site\x00"+site, false))
	}
	return list
}

func (t *Throttle) registrationCounters(s Scope) []counted {
	return t.addressCounters("registrations", t.cfg.Limits.Registrations, s)
}

func (t *Throttle) counter(policy string, free int, text string, resets bool) counted {
	return counted{
		key: sha256.Sum256([]byte(text)), policy: Policy{Name: policy, Free: free, Window: t.cfg.Limits.Window},
		longest: t.cfg.Limits.MaxDelay, resets: resets,
	}
}

func (t *Throttle) resetCounters(s Scope) []counted {
	return t.addressCounters("resets", t.cfg.Limits.PerAddress, s)
}

// updateOf is a change of these counters.
func updateOf(under []counted, change func([]Counter) []Counter) Update {
	u := Update{Keys: make([]Key, len(under)), Names: make([]Key, len(under)), Change: change}
	for i, c := range under {
		u.Keys[i], u.Names[i] = c.key, c.name
	}
	return u
}
