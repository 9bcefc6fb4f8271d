// Package tlstest makes, for tests, an authority and certificates that it has signed.
//
// It refuses to know who shows the certificates and who trusts them.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	// File has its own certificate, in PEM form.
	File string

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New returns an authority. Its file is removed when the test ends.
func New(t testing.TB) *Authority {
	t.Helper()
	a, err := In(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// In returns an authority with its file in a folder.
func In(folder string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authority{File: filepath.Join(folder, "ca.pem"), key: key}
	der, err := a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return a, write(a.File, "CERTIFICATE", der)
}

// Certificate returns a certificate for hosts, which are names or IP addresses.
func (a *Authority) Certificate(t testing.TB, hosts ...string) tls.Certificate {
	t.Helper()
	return a.mustIssue(t, time.Now().Add(time.Hour), hosts)
}

// Expired is Certificate, but the certificate's time is over.
func (a *Authority) Expired(t testing.TB, hosts ...string) tls.Certificate {
	t.Helper()
	return a.mustIssue(t, time.Now().Add(-time.Minute), hosts)
}

func (a *Authority) mustIssue(t testing.TB, until time.Time, hosts []string) tls.Certificate {
	t.Helper()
	pair, err := a.Issue(until, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// Issue is Certificate outside of a test, with the end of the certificate's time.
func (a *Authority) Issue(until time.Time, hosts ...string) (tls.Certificate, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "a server or a client"}, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := a.sign(template, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// Files writes a certificate and its key to files, which are removed when the test ends.
func Files(t testing.TB, pair tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	Write(t, pair, certFile, keyFile)
	return certFile, keyFile
}

// Write writes a certificate and its key.
func Write(t testing.TB, pair tls.Certificate, certFile, keyFile string) {
	t.Helper()
	if err := Save(pair, certFile, keyFile); err != nil {
		t.Fatal(err)
	}
}

// Save is Write outside of a test.
func Save(pair tls.Certificate, certFile, keyFile string) error {
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return err
	}
	return errors.Join(write(certFile, "CERTIFICATE", pair.Certificate[0]), write(keyFile, "PRIVATE KEY", private))
}

// sign signs a certificate for the key. The authority's own is signed by itself.
func (a *Authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	template.SerialNumber, template.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().Add(-2*time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	parent := a.cert
	if parent == nil {
		parent = template
	}
	return x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
}

func write(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// Clients is the configuration of a server that admits only clients with a certificate of the authority.
func (a *Authority) Clients() *tls.Config {
	return &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool(), MinVersion: tls.VersionTLS12}
}

// Pool has the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}
