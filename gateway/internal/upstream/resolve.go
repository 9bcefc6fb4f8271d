package upstream

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	resolveEvery   = 2 * time.Second
	resolveTimeout = 2 * time.Second
)

// Lookup finds the addresses of a host.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// Start returns an upstream and follows it until ctx ends or it is stopped: its names are resolved again and again, and
// its replicas are checked. Addresses that are numbers can be used at once. Names can be used as soon as they are
// resolved; Start waits a little for that.
func (r *Registry) Start(ctx context.Context, spec Spec) *Upstream {
	spec.Check = spec.Check.withDefaults()
	u := &Upstream{spec: spec, registry: r, ended: make(chan struct{})}
	u.replicas.Store(&[]*Replica{})
	usualPort := "80"
	if spec.TLS.On {
		u.tls, usualPort = r.tls(spec.TLS), "443"
	}
	named := false
	for _, addr := range spec.Addresses {
		n := newName(addr, usualPort)
		named = named || !n.fixed
		u.names = append(u.names, n)
	}
	u.resolve(ctx)
	if named {
		go u.keepResolving(ctx)
	}
	r.inUse.Store(u, nil)
	return u
}

// name is an address of the configuration.
type name struct {
	socket string // a Unix socket; then it has no lookup
	lookup string // the host
	port   string
	host   string // the name as a Host field
	fixed  bool   // there is nothing to look up
	addrs  []netip.Addr
	lost   error // why it does not resolve; nil if it does
}

// newName reads an address, which was checked when the routes were read.
func newName(addr, usualPort string) *name {
	if strings.HasPrefix(addr, socketPrefix) {
		return &name{socket: addr, host: SocketHost, fixed: true}
	}
	host, port, _ := net.SplitHostPort(addr)
	n := &name{lookup: host, port: port, host: hostField(host, port, usualPort)}
	if number, err := netip.ParseAddr(host); err == nil {
		n.addrs, n.fixed = []netip.Addr{number}, true
	}
	return n
}

// places are all places that the name stands for.
func (n *name) places() []place {
	if n.socket != "" {
		return []place{{addr: n.socket, host: n.host}}
	}
	all := make([]place, len(n.addrs))
	for i, addr := range n.addrs {
		all[i] = place{net.JoinHostPort(addr.Unmap().String(), n.port), n.host, n.lookup}
	}
	return all
}

func (u *Upstream) keepResolving(ctx context.Context) {
	ticker := time.NewTicker(resolveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.ended:
			return
		case <-ticker.C:
			u.resolve(ctx)
		}
	}
}

// resolve finds every address of every name, of all names at once. A name that does not resolve keeps its addresses, and
// changes nothing for the others.
func (u *Upstream) resolve(ctx context.Context) {
	var all sync.WaitGroup
	for _, n := range u.names {
		if !n.fixed {
			all.Go(func() { u.registry.resolve(ctx, n) })
		}
	}
	all.Wait()
	var places []place
	var nowhere []ReplicaState
	for _, n := range u.names {
		places = append(places, n.places()...)
		if n.lost != nil && len(n.addrs) == 0 {
			nowhere = append(nowhere, n.state())
		}
	}
	u.nowhere.Store(&nowhere)
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.addr, b.addr) })
	u.replace(ctx, slices.CompactFunc(places, func(a, b place) bool { return u.key(a) == u.key(b) }))
}

// key is the same for places that are one replica.
func (u *Upstream) key(p place) place {
	if !u.spec.NamesDiffer {
		p.host, p.server = "", ""
	}
	return p
}

func (r *Registry) resolve(ctx context.Context, n *name) {
	bounded, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := r.lookup(bounded, n.lookup)
	switch {
	case ctx.Err() != nil:
		return
	case err == nil:
		n.addrs = addrs
	case r.starved() != nil:
		return
	case n.lost == nil:
		r.log.Warn("upstream does not resolve", "host", n.lookup, "kept_addresses", n.addrs, "error", err)
	}
	if n.lost != nil && err == nil {
		r.log.Info("upstream resolves again", "host", n.lookup)
	}
	n.lost = err
}
