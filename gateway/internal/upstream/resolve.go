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

// NewSet returns the upstream and follows it until ctx ends or it is stopped: its names are resolved again and again and
// its replicas are checked. Addresses that are numbers can be used at once, names as soon as they are resolved, for
// which it waits a little.
func (e *Engine) NewSet(ctx context.Context, cfg SetConfig) *Set {
	s := &Set{cfg: cfg, engine: e, checker: newChecker(), ended: make(chan struct{})}
	s.targets.Store(&[]*target{})
	named := false
	for _, addr := range cfg.Addresses {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			continue // refused when the routes were read
		}
		n := &name{host: host, port: port}
		if number, err := netip.ParseAddr(host); err == nil {
			n.addrs, n.fixed = []netip.Addr{number}, true
		}
		named = named || !n.fixed
		s.names = append(s.names, n)
	}
	s.resolve(ctx)
	if named {
		go s.follow(ctx)
	}
	e.sets.Store(s, nil)
	return s
}

// name is a host and a port of the configuration.
type name struct {
	host, port string
	fixed      bool // the host is a number
	addrs      []netip.Addr
	lost       bool // it does not resolve
}

func (s *Set) follow(ctx context.Context) {
	ticker := time.NewTicker(resolveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case <-ticker.C:
			s.resolve(ctx)
		}
	}
}

// resolve finds every address of every name, of all names at once. A name that does not resolve stands for what it did
// before, and changes nothing for the others.
func (s *Set) resolve(ctx context.Context) {
	var all sync.WaitGroup
	for _, n := range s.names {
		if !n.fixed {
			all.Go(func() { s.engine.resolve(ctx, n) })
		}
	}
	all.Wait()
	var addrs []string
	for _, n := range s.names {
		for _, addr := range n.addrs {
			addrs = append(addrs, net.JoinHostPort(addr.Unmap().String(), n.port))
		}
	}
	slices.Sort(addrs)
	s.replace(ctx, slices.Compact(addrs))
}

func (e *Engine) resolve(ctx context.Context, n *name) {
	limited, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := e.lookup(limited, n.host)
	switch {
	case ctx.Err() != nil:
		return
	case err == nil:
		n.addrs = addrs
	case !n.lost:
		e.log.Warn("upstream does not resolve", "host", n.host, "stays", n.addrs, "error", err)
	}
	if n.lost && err == nil {
		e.log.Info("upstream resolves again", "host", n.host)
	}
	n.lost = err != nil
}
