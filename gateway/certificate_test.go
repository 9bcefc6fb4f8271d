package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestARenewedCertificateIsServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, cert, key, 1)
	g := start(t, map[string]string{"TLS_CERT_FILE": cert, "TLS_KEY_FILE": key})
	serial := func() int64 {
		conn, err := tls.Dial("tcp", g.public, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // all has been read
		_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if response, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(response), "HTTP/1.1 200 OK\r\n") {
			t.Fatalf("got %s, %v", response, err)
		}
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Fatalf("got certificate %d", got)
	}
	checkEnd(t, g, cert)
	writePair(t, cert, key, 2)
	until(t, "the second certificate", func() bool { return serial() == 2 })
	until(t, "the reload in the log", func() bool { return strings.Contains(g.log.String(), `"msg":"certificate reloaded"`) })
	if _, err := tls.Dial("tcp", g.public, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

// checkEnd compares the metric with the certificate in the file.
func checkEnd(t *testing.T, g *running, certFile string) {
	t.Helper()
	resp, err := http.Get("http://" + g.private + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(certFile, filepath.Join(filepath.Dir(certFile), "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	sample := regexp.MustCompile(`(?m)^tallygate_gateway_certificate_not_after_seconds (\S+)$`).FindSubmatch(page)
	if sample == nil {
		t.Fatal("no metric says when the certificate ends")
	}
	if got, err := strconv.ParseFloat(string(sample[1]), 64); err != nil || int64(got) != pair.Leaf.NotAfter.Unix() {
		t.Errorf("got %s (%v), want %d", sample[1], err, pair.Leaf.NotAfter.Unix())
	}
}

func writePair(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}
