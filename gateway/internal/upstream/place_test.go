package upstream_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// socketServer serves on a Unix socket, and returns its address.
func socketServer(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "up.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return "unix:" + path
}

func TestAUnixSocketIsAReplica(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 16)
	addr := socketServer(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r })
	u := start(t, upstream.Spec{Addresses: []string{addr}, Health: "/livez?a=b"})
	if got := u.Picked(); got != addr {
		t.Errorf("picked %q, want %q", got, addr)
	}
	if r := <-asked; r.Host != "localhost" || r.RequestURI != "/livez?a=b" {
		t.Errorf("the health check asked for %s %s", r.Host, r.RequestURI)
	}
	if err := u.Connect(addr); err != nil {
		t.Error(err)
	}
	if u.Host() != "localhost" {
		t.Errorf("got the host %s", u.Host())
	}
}

func TestASocketWithoutAServerIsUnreachable(t *testing.T) {
	t.Parallel()
	addr := "unix:" + filepath.Join(t.TempDir(), "none.sock")
	u := start(t, upstream.Spec{Addresses: []string{addr}})
	if err := u.Connect(addr); err == nil {
		t.Fatal("connected")
	}
	if u.Replicas()[addr] {
		t.Error("the replica is thought available")
	}
}

// startUnchecked returns an upstream whose replicas are not checked.
func startUnchecked(t *testing.T, spec upstream.Spec) *upstream.Upstream {
	t.Helper()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	spec.Timeouts.Connect = 10 * time.Second
	registry := upstream.New(upstream.Config{Watch: wire.NewWatch(), Log: slog.New(slog.DiscardHandler)})
	return registry.Start(over, spec)
}

func TestNamesAtOneAddressAreOneReplicaUnlessTheyDiffer(t *testing.T) {
	t.Parallel()
	for differ, want := range map[bool][]string{false: {"a.test:1"}, true: {"a.test:1", "b.test:1"}} {
		var dns names
		dns.set("a.test", "127.0.0.1")
		dns.set("b.test", "127.0.0.1")
		u := startIn(t, upstream.Config{Lookup: dns.lookup}, upstream.Spec{Addresses: []string{"a.test:1", "b.test:1"}, NamesDiffer: differ})
		got := u.Hosts()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("differ %t: got %q, want %q", differ, got, want)
		}
	}
}

func TestTheHostIsTheNameWithoutTheUsualPort(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"files.test:80": "files.test", "files.test:8080": "files.test:8080", "127.0.0.1:80": "127.0.0.1", "[::1]:80": "[::1]", "[::1]:81": "[::1]:81",
	} {
		var dns names
		dns.set("files.test", netip.IPv6Loopback().String())
		u := startIn(t, upstream.Config{Lookup: dns.lookup}, upstream.Spec{Addresses: []string{addr}})
		if got := u.Host(); got != want || u.Hosts()[0] != want {
			t.Errorf("%s: got %s and %s, want %s", addr, got, u.Hosts()[0], want)
		}
	}
}
