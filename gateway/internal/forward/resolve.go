package forward

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"
)

const (
	resolveEvery   = 2 * time.Second
	resolveTimeout = 2 * time.Second
)

// NewSet returns the upstream and follows it until ctx ends: its names are resolved again and again and its replicas
// are checked. Addresses that are numbers can be used at once, names as soon as they are resolved.
func (e *Engine) NewSet(ctx context.Context, cfg SetConfig) *Set {
	s := &Set{cfg: cfg, engine: e}
	s.targets.Store(&[]*target{})
	if fixed, ok := fixedAddresses(cfg.Addresses); ok {
		s.replace(fixed)
	} else {
		s.resolve(ctx)
		go s.follow(ctx)
	}
	e.sets.Store(s, nil)
	go s.check(ctx)
	return s
}

// fixedAddresses are the addresses if none of them has to be resolved.
func fixedAddresses(addrs []string) ([]string, bool) {
	for _, a := range addrs {
		if _, err := netip.ParseAddrPort(a); err != nil {
			return nil, false
		}
	}
	return addrs, true
}

func (s *Set) follow(ctx context.Context) {
	ticker := time.NewTicker(resolveEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.resolve(ctx)
		}
	}
}

// resolve finds every address of every name. If a name cannot be resolved, everything stays as it is.
func (s *Set) resolve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	var all []string
	for _, a := range s.cfg.Addresses {
		host, port, err := net.SplitHostPort(a)
		if err != nil {
			continue // refused when the routes were read
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			s.engine.log.Debug("upstream does not resolve", "upstream", a, "error", err)
			return
		}
		for _, addr := range addrs {
			all = append(all, net.JoinHostPort(addr.Unmap().String(), port))
		}
	}
	slices.Sort(all)
	s.replace(slices.Compact(all))
}
