package upstream

import (
	"context"
	"net"
	"net/netip"
	"slices"
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
	u := &Upstream{spec: spec, registry: r, checker: r.newChecker(), ended: make(chan struct{})}
	u.replicas.Store(&[]*Replica{})
	named := false
	for _, addr := range spec.Addresses {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			continue // refused when the routes were read
		}
		n := &name{host: host, port: port}
		if number, err := netip.ParseAddr(host); err == nil {
			n.addrs, n.fixed = []netip.Addr{number}, true
		}
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

// name is a host and a port of the configuration.
type name struct {
	host, port string
	fixed      bool // the host is a number
	addrs      []netip.Addr
	lost       bool // it does not resolve
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
	var addrs []string
	for _, n := range u.names {
		for _, addr := range n.addrs {
			addrs = append(addrs, net.JoinHostPort(addr.Unmap().String(), n.port))
		}
	}
	slices.Sort(addrs)
	u.replace(ctx, slices.Compact(addrs))
}

func (r *Registry) resolve(ctx context.Context, n *name) {
	bounded, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := r.lookup(bounded, n.host)
	switch {
	case ctx.Err() != nil:
		return
	case err == nil:
		n.addrs = addrs
	case r.starved() != nil:
		return
	case !n.lost:
		r.log.Warn("upstream does not resolve", "host", n.host, "kept_addresses", n.addrs, "error", err)
	}
	if n.lost && err == nil {
		r.log.Info("upstream resolves again", "host", n.host)
	}
	n.lost = err != nil
}
