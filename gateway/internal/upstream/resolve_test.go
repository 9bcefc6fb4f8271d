package upstream_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"tallygate/gateway/internal/upstream"
)

func TestANameStandsForAllItsAddresses(t *testing.T) {
	t.Parallel()
	u := start(t, upstream.Spec{Addresses: []string{"localhost:1"}})
	if got := u.Replicas(); len(got) == 0 {
		t.Errorf("localhost has no address: %v", got)
	}
	if got := start(t, upstream.Spec{Addresses: []string{"nobody.invalid:1"}}).Picked(); got != "" {
		t.Errorf("a name that does not resolve leads to %s", got)
	}
}

// names is a name server of the test's own.
type names struct {
	mu    sync.Mutex
	known map[string][]netip.Addr
}

func (n *names) set(host string, addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[string][]netip.Addr{}
	}
	n.known[host] = nil
	for _, addr := range addrs {
		n.known[host] = append(n.known[host], netip.MustParseAddr(addr))
	}
}

func (n *names) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if addrs := n.known[host]; len(addrs) > 0 {
		return slices.Clone(addrs), nil
	}
	return nil, errors.New("no such host")
}

func addresses(u *upstream.Upstream) string {
	var all []string
	for addr := range u.Replicas() {
		all = append(all, addr)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestANameThatDoesNotResolveChangesNothingForTheOthers(t *testing.T) {
	t.Parallel()
	var dns names
	dns.set("a.test", "127.0.0.1")
	u := startIn(t, upstream.Config{Log: slog.New(slog.DiscardHandler), Lookup: dns.lookup},
		upstream.Spec{Addresses: []string{"a.test:1", "b.test:1", "127.0.0.9:1"}})
	if got, want := addresses(u), "127.0.0.1:1 127.0.0.9:1"; got != want {
		t.Errorf("at first: got %s, want %s", got, want)
	}
	dns.set("b.test", "127.0.0.2")
	until(t, "joined", func() bool { return addresses(u) == "127.0.0.1:1 127.0.0.2:1 127.0.0.9:1" })
	dns.set("b.test")
	dns.set("a.test", "127.0.0.3")
	until(t, "a has moved and b stays", func() bool { return addresses(u) == "127.0.0.2:1 127.0.0.3:1 127.0.0.9:1" })
}

func TestAnAddressThatIsGivenTwiceIsOneReplica(t *testing.T) {
	t.Parallel()
	u := start(t, upstream.Spec{Addresses: []string{"127.0.0.1:1", "127.0.0.2:1", "[::ffff:127.0.0.1]:1", "127.0.0.1:1"}})
	if got, want := addresses(u), "127.0.0.1:1 127.0.0.2:1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAReplicaThatItsNameLosesIsStillGivenUpWhenItHangs(t *testing.T) {
	t.Parallel()
	ok := func(http.ResponseWriter, *http.Request) {}
	paused := make(chan struct{})
	leaver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-paused:
			<-r.Context().Done()
		default:
		}
	}))
	defer leaver.Close()
	stayer := httptest.NewServer(http.HandlerFunc(ok))
	defer stayer.Close()
	leaving := leaver.Listener.Addr().String()
	var dns names
	dns.set("leaver.test", "127.0.0.1")
	u := startIn(t, upstream.Config{Log: slog.New(slog.DiscardHandler), Lookup: dns.lookup}, upstream.Spec{
		Addresses: []string{strings.Replace(leaving, "127.0.0.1", "leaver.test", 1), stayer.Listener.Addr().String()}, Health: "/health",
	})
	stopped, err := u.Wait(leaving, true)
	if err != nil {
		t.Fatal(err)
	}
	dns.set("leaver.test", "127.0.0.9")
	until(t, "gone", func() bool { return !strings.Contains(addresses(u), leaving) })
	close(paused)
	until(t, "given up", stopped)
}
