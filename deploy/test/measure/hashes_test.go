//go:build measure

package measure_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

// maxHashP99 is the allowed 99th percentile of others' sign-ins while one address keeps the hash queue full.
const maxHashP99 = 2 * time.Second

// TestMeasureHashQueue: one address has as many passwords hashed as it can. The gateway believes X-Forwarded-For, so the
// others have an address of their own.
func TestMeasureHashQueue(t *testing.T) { //nolint:paralleltest // it measures time
	s := start(t, cluster.Config{Postgres: true, Gateway: []string{"TRUSTED_PROXIES=loopback"}})
	o := newOthers(s.Gateways[0].URL, s.register(t, "ada"), "198.51.100.7")
	const from = "X-Forwarded-For: 203.0.113.9\r\n"
	var own []call
	for i := range 20 {
		u := contract.Credentials{Username: fmt.Sprintf("own-%d", i), Password: "correct horse"}
		if got, err := s.clients[0].Register(u); err != nil || got.Status != 201 {
			t.Fatalf("register: got %d %s (%v)", got.Status, got.Body, err)
		}
		own = append(own, call{"POST /token", from, fmt.Sprintf(`{"username":%q,"password":%q}`, u.Username, u.Password)})
	}
	for _, by := range []struct {
		what  string
		calls []call
	}{
		{
			"one address registers as fast as it can (256 connections)",
			[]call{{"POST /users/register", from, `{"username":"flood-{x}","password":"correct horse"}`}},
		},
		{"one address signs in to 20 accounts of its own (256 connections)", own},
	} {
		wait := attack{Addr: s.addr(), Conns: 256, For: floodTime, Calls: by.calls}.start(t)
		suffered := o.call(pace{Root: 20 * time.Millisecond, SignIn: 300 * time.Millisecond}, time.Now().Add(floodTime))
		seen := wait()
		found(t, by.what, "others' sign-ins p99 ≤ 2 s, none fails", fmt.Sprintf("%s; the client saw %s", suffered, seen))
		suffered.within(t, map[string]time.Duration{"`/root`": maxRootP99, "sign-in": maxHashP99})
	}
}

// proxies is a gateway that believes everybody's X-Forwarded-For, so that one attacker plays many addresses.
const proxies = "\n      TRUSTED_PROXIES: 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7\n"

// TestMeasureHashMemory: the memory of passwords that are hashed at once, in the shipped containers.
func TestMeasureHashMemory(t *testing.T) { //nolint:paralleltest // it measures time
	processors := func(count int) string {
		return gatewayWith(proxies) + fmt.Sprintf("  auth-service:\n    environment:\n      GOMAXPROCS: \"%d\"\n", count)
	}
	s := startShipped(t, processors(36))
	const from = "X-Forwarded-For: 10.{c}.{d}.{n}\r\n"
	flood := attack{Conns: 400, For: floodTime, Calls: []call{{"POST /token", from, `{"username":"nobody-{x}","password":"wrong"}`}}}
	s.withstand(t, "sign-ins from 400 addresses, auth-service with 36 processors", usual, flood)

	s.Override(t, processors(4))
	s.up(t)
	s.importExpensive(t, 64)
	flood.Calls[0].Body = `{"username":"expensive-{c}","password":"wrong"}`
	flood.Conns = 64
	s.withstand(t, "sign-ins to 64 accounts with imported hashes of 128 MiB, auth-service with 4 processors", usual, flood)
}

// importExpensive adds users whose hashes come from another system and cost as much as is allowed.
func (s *shipped) importExpensive(t *testing.T, count int) {
	t.Helper()
	var lines strings.Builder
	for i := range count {
		fmt.Fprintf(&lines, "expensive-%d $argon2id$v=19$m=131072,t=2,p=1$%s$%s\n", i, strings.Repeat("A", 22), strings.Repeat("A", 43))
	}
	cmd := s.Command("exec", "-T", "auth-service", "/auth-service", "admin", "import")
	cmd.Stdin = strings.NewReader(lines.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
}
