package upstream_test

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/tlstest"
)

// lacking is a machine on which no socket of some networks can be opened, for as long as it holds an error.
type lacking struct {
	err      atomic.Pointer[syscall.Errno]
	networks string // "tcp", or "tcp udp"
	attempts atomic.Int64
}

func (l *lacking) dialer() net.Dialer {
	return net.Dialer{Control: func(network, _ string, _ syscall.RawConn) error {
		if err := l.err.Load(); err != nil && strings.Contains(l.networks, network[:3]) {
			l.attempts.Add(1)
			return *err
		}
		return nil
	}}
}

// logged is a log that counts its lines.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(p))
	return len(p), nil
}

func (l *logged) with(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func TestAShortageIsNoReplicasFault(t *testing.T) {
	t.Parallel()
	for errno, reason := range map[syscall.Errno]wire.Shortage{
		syscall.EMFILE: wire.NoDescriptors, syscall.ENFILE: wire.NoDescriptors, syscall.EADDRNOTAVAIL: wire.NoPorts,
		syscall.ENOBUFS: wire.NoMemory, syscall.ENOMEM: wire.NoMemory,
	} {
		for _, kind := range []string{"tcp", "tls", "unix"} {
			for _, health := range []string{"", "/health"} {
				if kind == "unix" && reason == wire.NoPorts {
					continue // a socket needs none
				}
				t.Run(kind+" "+errno.Error()+health, func(t *testing.T) {
					t.Parallel()
					blamesNobody(t, kind, health, errno, reason)
				})
			}
		}
	}
}

// blamesNobody has an upstream of this kind used while the machine lacks something.
func blamesNobody(t *testing.T, kind, health string, errno syscall.Errno, reason wire.Shortage) {
	t.Helper()
	ok := func(http.ResponseWriter, *http.Request) {}
	var addr string
	cfg, spec := upstream.Config{}, upstream.Spec{Health: health}
	switch kind {
	case "tcp":
		up := httptest.NewServer(http.HandlerFunc(ok))
		t.Cleanup(up.Close)
		addr = up.Listener.Addr().String()
	case "tls":
		authority := tlstest.New(t)
		up := httptest.NewUnstartedServer(http.HandlerFunc(ok))
		up.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}}
		up.StartTLS()
		t.Cleanup(up.Close)
		addr = up.Listener.Addr().String()
		cfg.TLS, spec.TLS.On = always(trusting(authority)), true
	case "unix":
		addr = socketServer(t, ok)
	}
	spec.Addresses = []string{addr}
	machine := &lacking{networks: "tcp uni"}
	machine.err.Store(&errno)
	var log logged
	var room atomic.Int64
	cfg.Watch, cfg.Log = wire.NewWatch(), slog.New(slog.NewTextHandler(&log, nil))
	cfg.Dialer, cfg.MakeRoom = machine.dialer(), func() { room.Add(1) }
	go cfg.Watch.Run(t.Context())
	spec.Timeouts.Connect = 10 * time.Second
	registry := upstream.New(cfg)
	u := registry.Start(t.Context(), spec)
	for range 10 {
		if err := u.Connect(addr); !errors.Is(err, upstream.ErrShortage) || !errors.Is(err, errno) {
			t.Fatalf("got %v", err)
		}
	}
	until(t, "checked, with both probes", func() bool { return machine.attempts.Load() >= 12 })
	until(t, "counted", func() bool { return shortages(t, registry, reason) >= 12 })
	if !u.Replicas()[addr] {
		t.Error("the replica is blamed")
	}
	if lines, other := log.with("lacks="+string(reason)), log.with("replica is"); lines != 1 || other != 0 {
		t.Errorf("got %d lines about the shortage and %d about the replica, want 1 and 0", lines, other)
	}
	if made := room.Load() > 0; made != (reason == wire.NoDescriptors) {
		t.Errorf("room was made: %t", made)
	}
	machine.err.Store(nil)
	if err := u.Connect(addr); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAnAddressThatThisMachineCannotReachIsNoShortage(t *testing.T) {
	t.Parallel()
	addr := servers(t, 1)[0]
	machine, none := &lacking{networks: "tcp udp"}, syscall.EADDRNOTAVAIL
	machine.err.Store(&none)
	u := startIn(t, upstream.Config{Log: slog.New(slog.DiscardHandler), Dialer: machine.dialer()}, upstream.Spec{Addresses: []string{addr}})
	if err := u.Connect(addr); err == nil || errors.Is(err, upstream.ErrShortage) {
		t.Errorf("got %v", err)
	}
	until(t, "found unhealthy", func() bool { return !u.Replicas()[addr] })
}

// TestARefusedConnectionIsTheReplicasFault: the rule for shortages covers nothing else.
func TestARefusedConnectionIsTheReplicasFault(t *testing.T) {
	t.Parallel()
	u := start(t, upstream.Spec{Addresses: []string{"127.0.0.1:1"}})
	if err := u.Connect("127.0.0.1:1"); err == nil || errors.Is(err, upstream.ErrShortage) {
		t.Errorf("got %v", err)
	}
	if u.Replicas()["127.0.0.1:1"] {
		t.Error("the replica is not ejected")
	}
}

// shortages is the value of the metric.
func shortages(t *testing.T, registry *upstream.Registry, reason wire.Shortage) float64 {
	t.Helper()
	gathered := prometheus.NewRegistry()
	gathered.MustRegister(registry.Collector())
	families, err := gathered.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, one := range family.GetMetric() {
			if l := one.GetLabel(); family.GetName() == "tallygate_gateway_upstream_shortages_total" && l[0].GetValue() == string(reason) {
				return one.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no metric for %s", reason)
	return 0
}
