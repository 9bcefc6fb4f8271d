package main

import (
	"net/netip"
	"testing"

	"tallygate/kit/env"
)

func TestBothListenersAreOnLoopbackByDefault(t *testing.T) {
	t.Parallel()
	cfg := readConfig(env.NewReader(lookup(nil)))
	for _, addr := range []string{cfg.Addr, cfg.PrivateAddr} {
		if at, err := netip.ParseAddrPort(addr); err != nil || !at.Addr().IsLoopback() {
			t.Errorf("got %s (%v), want an address of loopback", addr, err)
		}
	}
}
