package main

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

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

func TestAdministratorsNeedASecondFactorOnlyWhereThatIsSet(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{"": "false", "off": "false", "required": "true", "on": "a mistake", "Required": "a mistake"} {
		r := env.NewReader(lookup(map[string]string{"ADMIN_TOTP": set, "INTERNAL_SECRET": goodSecret, "JWT_SECRET": otherSecret}))
		got := strconv.FormatBool(readConfig(r).adminTOTP)
		if err := r.Err(); err != nil && strings.Contains(err.Error(), "ADMIN_TOTP") {
			got = "a mistake"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", set, got, want)
		}
	}
}

func TestARefreshTokenMayHaveNoGrace(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]time.Duration{"": time.Hour, "0s": 0, "10m": 10 * time.Minute} {
		r := env.NewReader(lookup(map[string]string{"REFRESH_GRACE": set}))
		if got := readConfig(r).lifetimes.RefreshGrace; got != want {
			t.Errorf("%q: got %s, want %s", set, got, want)
		}
	}
}
