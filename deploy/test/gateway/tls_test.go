package gateway_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// certify writes a certificate with this number for 127.0.0.1, and its key.
func certify(t *testing.T, dir string, number int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "gateway"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// TestPlainHTTPToHTTPS: a client that forgets the s of https is told so.
func TestPlainHTTPToHTTPS(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	cert, key := certify(t, t.TempDir(), 1)
	g := startGateway(t, public("/c", up.addr), "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	conn := dial(t, g.addr)
	conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n")
	r := conn.must(t, "GET")
	if err := r.problem(); err != nil || r.StatusCode != 400 || !strings.Contains(r.body, "https://") || !r.Close {
		t.Errorf("got %d %s (%v), want a 400 that names https", r.StatusCode, r.body, err)
	}
	if err := conn.closed(); err != nil {
		t.Error(err)
	}
	withEach(t, func(t *testing.T, client string) {
		if err := sendWith(t, client, g.url("/c")); err == nil || !strings.Contains(err.Error(), "This port speaks HTTPS") {
			t.Errorf("got %v, want what the gateway says", err)
		}
	})
	t.Cleanup(func() {
		for _, m := range up.got("") {
			t.Errorf("the upstream got %s", m.target)
		}
	})
}

// TestTLS: the gateway speaks TLS 1.2 and later. It loads a renewed certificate without a restart, and open connections stay.
func TestTLS(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	dir := t.TempDir()
	cert, key := certify(t, dir, 1)
	g := startGateway(t, public("/c", up.addr), "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	open := func(versions ...uint16) (*tls.Conn, error) {
		config := &tls.Config{InsecureSkipVerify: true, MinVersion: versions[0], MaxVersion: versions[1]}
		return tls.Dial("tcp", g.addr, config)
	}
	if conn, err := open(tls.VersionTLS10, tls.VersionTLS11); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 is accepted")
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		conn, err := open(version, version)
		if err != nil {
			t.Fatalf("%s: %v", tls.VersionName(version), err)
		}
		_ = conn.Close()
	}
	kept, err := open(tls.VersionTLS12, tls.VersionTLS13)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	certify(t, dir, 2)
	testbed.Eventually(t, "the renewed certificate", func() error {
		conn, err := open(tls.VersionTLS12, tls.VersionTLS13)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if number := conn.ConnectionState().PeerCertificates[0].SerialNumber; number.Int64() != 2 {
			return fmt.Errorf("certificate %s", number)
		}
		return nil
	})
	old := &rawConn{Conn: kept}
	old.in = bufio.NewReader(kept)
	old.send("GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if r := old.must(t, "GET"); r.StatusCode != 200 {
		t.Errorf("on the connection from before: got %d", r.StatusCode)
	}
	if got := up.last(t).values("X-Forwarded-Proto"); !slices.Equal(got, []string{"https"}) {
		t.Errorf("X-Forwarded-Proto: got %q, want https", got)
	}
}
