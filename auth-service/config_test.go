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

func TestEveryMistakeInTheAddressOfTheDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	r := env.NewReader(lookup(map[string]string{
		"DATABASE_URL": "postgres://u@h1,h2/db?sslmod=require&connect_timeout=soon", "DATABASE_PASSWORD": "swordfish",
	}))
	readConfig(r)
	for _, part := range []string{"INTERNAL_SECRET", `DATABASE_URL: has an unknown option "sslmod": sslmode is one`, "DATABASE_URL: option connect_timeout"} {
		if err := r.Err(); err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("got %v, want %q in it", err, part)
		}
	}
}

func TestThePasswordComesIntoAnAddressWithSeveralHosts(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://u@[::1]:1,[::2]:2/db?sslmode=require": "postgres://u:p%40%2F%3Fs@[::1]:1,[::2]:2/db?sslmode=require",
		"postgresql://u@h1,h2":                            "postgresql://u:p%40%2F%3Fs@h1,h2",
	} {
		r := env.NewReader(lookup(map[string]string{"DATABASE_URL": address, "DATABASE_PASSWORD": "p@/?s"}))
		if got := readDatabaseURL(r); got != want || r.Err() != nil {
			t.Errorf("got %s, %v, want %s", got, r.Err(), want)
		}
	}
}
