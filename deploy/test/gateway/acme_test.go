package gateway_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/acmetest"
	"tallygate/deploy/internal/testbed"
)

// startACME runs a gateway that gets its certificates from an authority.
func startACME(t *testing.T, a *acmetest.Authority, domains, folder string, settings ...string) *gateway {
	t.Helper()
	g := startGateway(t, public("/c", newRecorder(t, nil).addr), append([]string{
		"TLS_DOMAINS=" + domains, "ACME_URL=" + a.URL, "ACME_CA_FILE=" + a.CAFile, "ACME_DIR=" + folder,
	}, settings...)...)
	a.ChallengeTLS(g.addr)
	return g
}

// certificateFor is what a client gets that names a domain. It does not verify the domain.
func (g *gateway) certificateFor(name string, roots *x509.CertPool) (*x509.Certificate, error) {
	config := &tls.Config{ServerName: name, InsecureSkipVerify: true}
	conn, err := (&tls.Dialer{Config: config}).DialContext(context.Background(), "tcp", g.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	chain := conn.(*tls.Conn).ConnectionState().PeerCertificates
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return chain[0], err
}

// awaitCertificate waits until the gateway has a domain's certificate.
func (g *gateway) awaitCertificate(t *testing.T, domain string, roots *x509.CertPool) (leaf *x509.Certificate) {
	t.Helper()
	testbed.Eventually(t, "a certificate for "+domain, func() (err error) {
		if leaf, err = g.certificateFor(domain, roots); err != nil {
			return fmt.Errorf("%w:\n%s", err, g.process.Tail())
		}
		return leaf.VerifyHostname(domain)
	})
	return leaf
}

// TestACME: the gateway gets a certificate for each of its domains, keeps it, and serves with it after a restart at once, even
// when the authority is away.
func TestACME(t *testing.T) {
	t.Parallel()
	a, folder := acmetest.Start(t, acmetest.Spec{}), filepath.Join(t.TempDir(), "acme")
	const domains = "A.test, b.test,bücher.test"
	g := startACME(t, a, domains, folder)
	first := g.awaitCertificate(t, "a.test", a.Roots())
	end := first.NotAfter
	for _, domain := range []string{"b.test", "xn--bcher-kva.test"} {
		if leaf := g.awaitCertificate(t, domain, a.Roots()); leaf.NotAfter.Before(end) {
			end = leaf.NotAfter
		}
	}
	for _, name := range []string{"", "unknown.test"} {
		if leaf, err := g.certificateFor(name, a.Roots()); err != nil || leaf.VerifyHostname("a.test") != nil {
			t.Errorf("%q: got %v, want the first domain's certificate", name, err)
		}
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: a.Roots()},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, g.addr)
		},
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("https://b.test/c")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a call: got %d", resp.StatusCode)
	}
	onlyOwnerReads(t, folder)
	if got, err := strconv.ParseFloat(g.metric(t, "tallygate_gateway_certificate_not_after_seconds"), 64); err != nil || got != float64(end.Unix()) {
		t.Errorf("the metric of the first end is %g, %v, want %d", got, err, end.Unix())
	}
	if n := strings.Count(g.process.Output(), "certificate obtained"); n != 3 {
		t.Errorf("the log says %d times that a certificate was got, want 3", n)
	}
	if err := g.process.Kill(); err != nil {
		t.Fatal(err)
	}
	a.Stop()
	again := startACME(t, a, domains, folder)
	if leaf, err := again.certificateFor("a.test", a.Roots()); err != nil || leaf.SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Errorf("after a restart: got %v, want the same certificate at once", err)
	}
	if strings.Contains(again.process.Output(), "certificate obtained") {
		t.Error("after a restart the log says that certificates were got")
	}
	if n := a.Orders(); n != 3 {
		t.Errorf("%d certificates were ordered, want 3", n)
	}
}

// onlyOwnerReads checks that nobody else may read the keys.
func onlyOwnerReads(t *testing.T, folder string) {
	t.Helper()
	keys := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		if strings.HasSuffix(path, ".key") {
			keys++
		}
		return err
	})
	if err != nil || keys < 4 {
		t.Errorf("got %d keys, %v, want those of the domains and of the account", keys, err)
	}
}

// TestACMEByPlainHTTP: where the authority cannot reach the port of HTTPS, it is answered at that of plain HTTP, which goes on
// to redirect everybody else.
func TestACMEByPlainHTTP(t *testing.T) {
	t.Parallel()
	a, plain := acmetest.Start(t, acmetest.Spec{}), testbed.FreeAddress(t)
	g := startACME(t, a, "a.test", t.TempDir(), "HTTP_REDIRECT_ADDR="+plain, "HOSTS=a.test")
	a.ChallengeTLS(testbed.FreeAddress(t)) // nothing listens there
	a.ChallengeHTTP(plain)
	g.awaitCertificate(t, "a.test", a.Roots())
	for path, want := range map[string]int{
		"/c": 308, "/.well-known/acme-challenge/": 308, "/.well-known/acme-challenge/unknown": 308, "/.well-known/acme-challenge/..%2f..": 400,
	} {
		conn := dial(t, plain)
		conn.send("GET " + path + " HTTP/1.1\r\nHost: a.test\r\n\r\n")
		if r := conn.must(t, "GET"); r.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, r.StatusCode, want)
		}
	}
}

// TestACMEOfSeveralGateways: gateways that share a folder have one certificate, and each of them answers for all.
func TestACMEOfSeveralGateways(t *testing.T) {
	t.Parallel()
	a, folder := acmetest.Start(t, acmetest.Spec{}), t.TempDir()
	var all []*gateway
	for range 3 { // the challenges lead to the last one
		all = append(all, startACME(t, a, "a.test", folder))
	}
	first := all[0].awaitCertificate(t, "a.test", a.Roots())
	for _, g := range all[1:] {
		if leaf := g.awaitCertificate(t, "a.test", a.Roots()); leaf.SerialNumber.Cmp(first.SerialNumber) != 0 {
			t.Error("two gateways have two certificates")
		}
	}
	if n := a.Orders(); n != 1 {
		t.Errorf("%d certificates were ordered, want 1", n)
	}
}

// TestACMERenews: a certificate that is due is renewed.
func TestACMERenews(t *testing.T) {
	t.Parallel()
	a, folder := acmetest.Start(t, acmetest.Spec{Lifetime: 4}), t.TempDir()
	g := startACME(t, a, "a.test", folder)
	first := g.awaitCertificate(t, "a.test", a.Roots())
	if err := g.process.Stop(); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "the certificate's end", func() error {
		if time.Now().Before(first.NotAfter) {
			return errors.New("it is valid")
		}
		return nil
	})
	again := startACME(t, a, "a.test", folder)
	if leaf := again.awaitCertificate(t, "a.test", a.Roots()); leaf.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("the old certificate is served")
	}
}

// TestACMEAccounts: an authority that knows its customers gets the credentials of one.
func TestACMEAccounts(t *testing.T) {
	t.Parallel()
	const keyID, mac = "customer-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	a := acmetest.Start(t, acmetest.Spec{KeyID: keyID, MACKey: mac})
	file := filepath.Join(t.TempDir(), "mac")
	if err := os.WriteFile(file, []byte(mac+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startACME(t, a, "a.test", t.TempDir(), "ACME_KEY_ID="+keyID, "ACME_MAC_KEY_FILE="+file)
	g.awaitCertificate(t, "a.test", a.Roots())
	if strings.Contains(g.process.Output(), mac) {
		t.Error("the log has the account's secret")
	}
}

// TestACMEFails: a domain without a certificate does not stop the others. The log says why there is none.
func TestACMEFails(t *testing.T) {
	t.Parallel()
	a := acmetest.Start(t, acmetest.Spec{Blocked: "blocked.test"})
	g := startACME(t, a, "a.test,blocked.test", t.TempDir())
	g.awaitCertificate(t, "a.test", a.Roots())
	testbed.Eventually(t, "the reason in the log", func() error {
		for line := range strings.Lines(g.process.Output()) {
			if strings.Contains(line, `"level":"ERROR"`) && strings.Contains(line, "blocked.test") && strings.Contains(line, "rejectedIdentifier") {
				return nil
			}
		}
		return fmt.Errorf("got %s", g.process.Tail())
	})
	if end := g.metric(t, "tallygate_gateway_certificate_not_after_seconds"); end != "0" {
		t.Errorf("the metric of the first end is %s, want 0: a certificate is missing", end)
	}
	lines := strings.Count(g.process.Output(), "\n")
	for range 20 { // who asks for challenges that nobody began
		conn, err := (&tls.Dialer{Config: &tls.Config{
			ServerName: "other.test", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true,
		}}).DialContext(t.Context(), "tcp", g.addr)
		if err == nil {
			conn.Close()
			t.Error("a challenge for another domain is answered")
		}
	}
	if n := strings.Count(g.process.Output(), "\n") - lines; n > 5 {
		t.Errorf("strangers write %d lines into the log", n)
	}
}
