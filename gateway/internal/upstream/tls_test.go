package upstream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/tlstest"
)

// trusting is the configuration of a gateway that trusts an authority.
func trusting(authority *tlstest.Authority) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, RootCAs: authority.Pool()}
}

// always gives one configuration.
func always(config *tls.Config) func(upstream.TLS) func() *tls.Config {
	return func(upstream.TLS) func() *tls.Config { return func() *tls.Config { return config } }
}

// tlsServer accepts connections and shakes hands. A connection on which the handshake succeeded is handed to serve.
func tlsServer(t *testing.T, config *tls.Config, serve func(*tls.Conn)) string {
	t.Helper()
	return acceptor(t, func(c net.Conn) {
		conn := tls.Server(c, config)
		if conn.Handshake() == nil {
			serve(conn)
		}
	})
}

// acceptor accepts connections and hands each to serve.
func acceptor(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// secureUnchecked is startUnchecked by TLS.
func secureUnchecked(t *testing.T, cfg upstream.Config, tls upstream.TLS, addrs ...string) *upstream.Upstream {
	t.Helper()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	cfg.Watch, cfg.Log = wire.NewWatch(), slog.New(slog.DiscardHandler)
	tls.On = true
	return upstream.New(cfg).Start(over, upstream.Spec{
		Addresses: addrs, TLS: tls, NamesDiffer: true, Timeouts: upstream.Timeouts{Connect: time.Second},
	})
}

func TestAReplicaByTLSHasToBeTheRightOne(t *testing.T) {
	t.Parallel()
	ours, foreign := tlstest.New(t), tlstest.New(t)
	for _, test := range []struct {
		name, serverName string
		cert             tls.Certificate
		versions         [2]uint16
		want             string // part of the error; empty: there is a connection
	}{
		{name: "by its address", cert: ours.Certificate(t, "127.0.0.1")},
		{name: "by a name of the configuration", serverName: "up.example", cert: ours.Certificate(t, "up.example")},
		{name: "by a wild card", serverName: "a.up.example", cert: ours.Certificate(t, "*.up.example")},
		{name: "TLS 1.2", cert: ours.Certificate(t, "127.0.0.1"), versions: [2]uint16{tls.VersionTLS12, tls.VersionTLS12}},
		{name: "expired", cert: ours.Expired(t, "127.0.0.1"), want: "expired"},
		{name: "of a foreign authority", cert: foreign.Certificate(t, "127.0.0.1"), want: "unknown authority"},
		{name: "for another address", cert: ours.Certificate(t, "127.0.0.2"), want: "127.0.0.1"},
		{name: "for a name where an address is needed", cert: ours.Certificate(t, "localhost"), want: "127.0.0.1"},
		{name: "for another name", serverName: "up.example", cert: ours.Certificate(t, "down.example", "127.0.0.1"), want: "up.example"},
		{name: "for too short a name", serverName: "a.b.up.example", cert: ours.Certificate(t, "*.up.example"), want: "up.example"},
		{name: "TLS 1.1", cert: ours.Certificate(t, "127.0.0.1"), versions: [2]uint16{tls.VersionTLS10, tls.VersionTLS11}, want: "protocol version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			protocol := make(chan string, 1)
			addr := tlsServer(t, &tls.Config{
				Certificates: []tls.Certificate{test.cert}, MinVersion: test.versions[0], MaxVersion: test.versions[1], NextProtos: []string{"h2", "http/1.1"},
			}, func(c *tls.Conn) {
				protocol <- c.ConnectionState().NegotiatedProtocol
				_, _ = io.Copy(io.Discard, c)
			})
			u := secureUnchecked(t, upstream.Config{TLS: always(trusting(ours))}, upstream.TLS{ServerName: test.serverName}, addr)
			err := u.Connect(addr)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got := <-protocol; got != "http/1.1" {
					t.Errorf("the protocol is %q", got)
				}
				return
			}
			if !errors.Is(err, upstream.ErrHandshake) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if u.Replicas()[addr] {
				t.Error("the replica is thought available")
			}
		})
	}
}

// TestWhatDoesNotSpeakTLSGetsNothingOfARequest: nor does who hangs up, or is silent for timeouts.connect.
func TestWhatDoesNotSpeakTLSGetsNothingOfARequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		serve func(net.Conn)
		late  bool
	}{
		"plain HTTP": {func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") }, false},
		"hangs up":   {func(net.Conn) {}, false},
		"is silent":  {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := acceptor(t, test.serve)
			u := secureUnchecked(t, upstream.Config{TLS: always(trusting(tlstest.New(t)))}, upstream.TLS{}, addr)
			begun := time.Now()
			err := u.Connect(addr)
			if err == nil || errors.Is(err, upstream.ErrHandshake) == test.late {
				t.Errorf("got %v", err)
			}
			if took := time.Since(begun); test.late != (took >= time.Second) || took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			if u.Replicas()[addr] {
				t.Error("the replica is thought available")
			}
		})
	}
}

func TestTheGatewayShowsItsCertificate(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t)
	trust := trusting(authority)
	names := make(chan int, 1)
	addr := tlsServer(t, &tls.Config{
		Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trust.RootCAs,
		MaxVersion: tls.VersionTLS12, // with TLS 1.3 the client learns only later that its certificate is refused
	}, func(c *tls.Conn) { names <- len(c.ConnectionState().PeerCertificates) })
	if err := secureUnchecked(t, upstream.Config{TLS: always(trust)}, upstream.TLS{}, addr).Connect(addr); !errors.Is(err, upstream.ErrHandshake) {
		t.Errorf("without a certificate: got %v", err)
	}
	pair := authority.Certificate(t, "gateway.example")
	shown := trust.Clone()
	shown.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	if err := secureUnchecked(t, upstream.Config{TLS: always(shown)}, upstream.TLS{}, addr).Connect(addr); err != nil || <-names != 1 {
		t.Errorf("with a certificate: got %v", err)
	}
}

// TestASessionIsResumed: the second connection, which finds the ticket that came on the first, needs no certificate.
func TestASessionIsResumed(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		resumed := make(chan bool, 2)
		addr := tlsServer(t, &tls.Config{
			Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}, MinVersion: version, MaxVersion: version,
		}, func(c *tls.Conn) {
			resumed <- c.ConnectionState().DidResume
			_, _ = io.WriteString(c, "x") // the ticket comes before it
			_, _ = io.Copy(io.Discard, c)
		})
		u := secureUnchecked(t, upstream.Config{TLS: always(trusting(authority))}, upstream.TLS{}, addr)
		for i, want := range []bool{false, true} {
			if idle, err := u.ReadOne(addr); err != nil || !idle {
				t.Fatalf("%s: %v, idle %t", tls.VersionName(version), err, idle)
			}
			if got := <-resumed; got != want {
				t.Errorf("%s: connection %d resumed: %t", tls.VersionName(version), i+1, got)
			}
		}
	}
}

// TestAKeptConnectionIsUsedOnlyWhileItsFilesAreInForce: who was trusted before is not trusted for ever.
func TestAKeptConnectionIsUsedOnlyWhileItsFilesAreInForce(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t)
	addr := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}}, func(c *tls.Conn) {
		_, _ = io.Copy(io.Discard, c)
	})
	var current atomic.Pointer[tls.Config]
	current.Store(trusting(authority))
	u := secureUnchecked(t, upstream.Config{TLS: func(upstream.TLS) func() *tls.Config { return current.Load }}, upstream.TLS{}, addr)
	if err := u.KeepOne(addr); err != nil {
		t.Fatal(err)
	}
	if !u.TakesKept(addr) {
		t.Error("a good connection is not used again")
	}
	if err := u.KeepOne(addr); err != nil {
		t.Fatal(err)
	}
	current.Store(trusting(tlstest.New(t)))
	if u.TakesKept(addr) {
		t.Error("a connection is used whose authority is not trusted any more")
	}
	if err := u.Connect(addr); !errors.Is(err, upstream.ErrHandshake) {
		t.Errorf("a new connection: got %v", err)
	}
}

func TestTheHealthCheckGoesByTLS(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t)
	good, expired := authority.Certificate(t, "127.0.0.1"), authority.Expired(t, "127.0.0.1")
	for name, test := range map[string]struct {
		path string
		cert *tls.Certificate
		want bool
	}{
		"a path": {"/livez", &good, true}, "a wrong path": {"/none", &good, false}, "no path": {"", &good, true},
		"a path, expired": {"/livez", &expired, false}, "no path, expired": {"", &expired, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{*test.cert}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
				asked.Add(1)
				return nil, nil //nolint:nilnil // the configuration stays
			}})
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/livez" || r.TLS == nil {
					w.WriteHeader(http.StatusNotFound)
				}
			})}
			go server.Serve(l) //nolint:errcheck // ends with the test
			t.Cleanup(func() { _ = server.Close() })
			addr := l.Addr().String()
			u := startIn(t, upstream.Config{TLS: always(trusting(authority))}, upstream.Spec{Addresses: []string{addr}, TLS: upstream.TLS{On: true}, Health: test.path})
			if test.want {
				until(t, "checked three times", func() bool { return asked.Load() >= 3 })
			} else {
				until(t, "found unhealthy", func() bool { return !u.Replicas()[addr] })
			}
			if got := u.Replicas()[addr]; got != test.want {
				t.Errorf("available: %t", got)
			}
		})
	}
}

func TestConnectionsByTLSAreCounted(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t)
	addr := tlsServer(t, &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}}, func(c *tls.Conn) {
		_, _ = io.Copy(io.Discard, c)
	})
	budget := wire.NewBudget(1 << 20)
	u := secureUnchecked(t, upstream.Config{TLS: always(trusting(authority)), Budget: budget}, upstream.TLS{}, addr)
	if err := u.KeepOne(addr); err != nil || budget.Used() < 8<<10 {
		t.Errorf("got %d bytes (%v)", budget.Used(), err)
	}
	left := int(budget.Limit() - budget.Used())
	budget.Take(left)
	if err := u.KeepOne(addr); !errors.Is(err, wire.ErrOverloaded) || !u.Replicas()[addr] {
		t.Errorf("without memory: got %v, and the replica is available: %t", err, u.Replicas()[addr])
	}
	budget.GiveBack(left)
	nobody := secureUnchecked(t, upstream.Config{TLS: always(trusting(authority)), Budget: budget}, upstream.TLS{}, "127.0.0.1:1")
	if err := nobody.KeepOne("127.0.0.1:1"); err == nil {
		t.Error("somebody is there")
	}
	u.Stop()
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are left when it is closed", got)
	}
}
