//go:build measure

package measure_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// unfinished is an attack of 3,000 bodies that are never finished. Each made the gateway hold a block of 64 KiB, two buffers
// and a connection to auth-service.
func unfinished(path, fields, begun string) attack {
	return attack{
		Conns: 3000, Ramp: 4 * time.Second, For: 12 * time.Second,
		Hold: "POST " + path + " HTTP/1.1\r\nHost: attack\r\nContent-Type: application/json\r\n" + fields + "\r\n" + begun,
	}
}

const (
	sized   = "Content-Length: 65536\r\n" // the most that auth-service takes
	chunked = "Transfer-Encoding: chunked\r\n"
)

func TestMeasureUnfinishedBodies(t *testing.T) { //nolint:paralleltest // it measures time
	s := startShipped(t, gatewayWith(""))
	most := strings.Repeat("x", 65000)
	s.withstand(t, "nothing, for comparison", usual, attack{For: 5 * time.Second})
	s.withstand(t, "3,000 unfinished bodies, no token", usual, unfinished("/token", sized, most))
	s.withstand(t, "3,000 unfinished chunked bodies, no token", usual, unfinished("/users/register", chunked, "10000\r\n"+most))
	eve := s.register(t, "eve")
	withToken := unfinished("/users/me/password", sized+"Authorization: Bearer "+eve.Token+"\r\n", most)
	withToken.Hold = strings.Replace(withToken.Hold, "POST", "PUT", 1)
	s.withstand(t, "3,000 unfinished bodies of a signed-in user", usual, withToken)
	drip := unfinished("/token", sized, "")
	drip.Drip = 3 * time.Second
	s.withstand(t, "3,000 bodies of a byte every 3 s", usual, drip)

	cert, key := certificate(t)
	s.Override(t, gatewayWith(fmt.Sprintf(`
      TLS_CERT_FILE: /tls/cert.pem
      TLS_KEY_FILE: /tls/key.pem
    volumes:
      - %s:/tls/cert.pem:ro
      - %s:/tls/key.pem:ro`, cert, key)))
	s.tls = true
	s.up(t)
	s.withstand(t, "3,000 unfinished bodies over TLS, no token", usual, unfinished("/token", sized, most))
}

// gatewayWith is an override with further settings of the gateway, indented like those of docker-compose.yml.
func gatewayWith(environment string) string {
	return "services:\n  gateway:\n    environment:\n      ACCESS_LOG: \"off\"" + environment + "\n"
}

// certificate makes a certificate for any host, in files that the container's user can read.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"localhost"}}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: public}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
