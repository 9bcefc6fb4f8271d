// Package acmetest is, for tests, an authority that speaks ACME (RFC 8555): Pebble, in the test's own process. Every domain leads to
// 127.0.0.1, and the authority's challenges go on to the addresses that a test names.
package acmetest

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log" //nolint:depguard // Pebble takes no other logger
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"tallygate/deploy/internal/testbed"
)

// Spec is how an authority differs from the usual one.
type Spec struct {
	Lifetime int    // of certificates, in seconds; 0: 90 days
	Blocked  string // a domain that it has no certificate for
	// KeyID and MACKey are those of an account that it requires; empty: it knows its accounts by their keys alone.
	KeyID, MACKey string
}

// Authority is an ACME server.
type Authority struct {
	URL    string // of its directory
	CAFile string // what its own HTTPS is checked with

	ca     *ca.CAImpl
	server *httptest.Server
	tls    *passage
	plain  *passage
	mu     sync.Mutex
	orders int
}

// Start runs an authority until the test ends.
func Start(t testing.TB, spec Spec) *Authority {
	t.Helper()
	quick.Do(func() { // it would wait up to 5 seconds before it validates
		if err := os.Setenv("PEBBLE_VA_NOSLEEP", "1"); err != nil { //nolint:usetesting // it is for the process, whose tests run in parallel
			t.Fatal(err)
		}
	})
	a := &Authority{tls: open(t), plain: open(t)}
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	if spec.Blocked != "" {
		if err := store.AddBlockedDomain(spec.Blocked); err != nil {
			t.Fatal(err)
		}
	}
	if spec.KeyID != "" {
		if err := store.AddExternalAccountKeyByID(spec.KeyID, spec.MACKey); err != nil {
			t.Fatal(err)
		}
	}
	profile := ca.Profile{Description: "of the test", ValidityPeriod: uint64(spec.Lifetime)}
	a.ca = ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": profile})
	validator := va.New(quiet, a.plain.port, a.tls.port, false, serveNames(t, quiet), store)
	front := wfe.New(quiet, store, validator, a.ca, []string{"authority.test"}, false, spec.KeyID != "", 1, 1)
	a.server = httptest.NewTLSServer(a.counting(front.Handler()))
	t.Cleanup(a.server.Close)
	a.URL = a.server.URL + wfe.DirectoryPath
	a.CAFile = filepath.Join(t.TempDir(), "authority.pem")
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	if err := os.WriteFile(a.CAFile, own, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

var quick sync.Once //nolint:gochecknoglobals // the environment is the process's

// newOrder is where Pebble takes orders.
const newOrder = "/order-plz"

// counting counts the orders that are taken. Pebble refuses some requests, which clients have to send again.
func (a *Authority) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &noting{ResponseWriter: w}
		next.ServeHTTP(noted, r)
		if r.URL.Path == newOrder && noted.status == http.StatusCreated {
			a.mu.Lock()
			a.orders++
			a.mu.Unlock()
		}
	})
}

// noting keeps a response's status.
type noting struct {
	http.ResponseWriter

	status int
}

func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// Orders is how many certificates were ordered.
func (a *Authority) Orders() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orders
}

// Roots are what clients trust.
func (a *Authority) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.ca.GetRootCert(0).Cert)
	return pool
}

// Stop makes the authority unreachable.
func (a *Authority) Stop() { a.server.Close() }

// ChallengeTLS says where the authority's challenges of TLS go. Until then they wait.
func (a *Authority) ChallengeTLS(addr string) { a.tls.to(addr) }

// ChallengeHTTP says where its challenges of plain HTTP go.
func (a *Authority) ChallengeHTTP(addr string) { a.plain.to(addr) }

// serveNames runs a DNS server that leads every name to 127.0.0.1, and returns its address.
func serveNames(t testing.TB, quiet *log.Logger) string {
	t.Helper()
	addr := testbed.FreeAddress(t)
	names, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{addr}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	names.SetDefaultDNSIPv6("") // there may be no ::1
	go names.Run()
	t.Cleanup(names.Shutdown)
	testbed.Eventually(t, "the DNS server", func() error {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	return addr
}

// passage passes connections on to an address that is named later.
type passage struct {
	port   int
	target chan string // holds the address once it is known
}

func open(t testing.TB) *passage {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &passage{port: l.Addr().(*net.TCPAddr).Port, target: make(chan string, 1)}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			open.Go(func() { p.pass(ctx, conn) })
		}
	})
	t.Cleanup(func() { stop(); l.Close(); open.Wait() })
	return p
}

func (p *passage) to(addr string) {
	select {
	case <-p.target:
	default:
	}
	p.target <- addr
}

func (p *passage) pass(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	var addr string
	select {
	case addr = <-p.target:
		p.target <- addr
	case <-ctx.Done():
		return
	}
	onward, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return // the authority sees that its connection ends
	}
	defer onward.Close()
	end := context.AfterFunc(ctx, func() { conn.Close(); onward.Close() })
	defer end()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(onward, conn); onward.Close() })
	_, _ = io.Copy(conn, onward)
	conn.Close()
	both.Wait()
}
