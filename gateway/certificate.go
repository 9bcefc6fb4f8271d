package main

import (
	"crypto/tls"
	"crypto/x509"
	"sync/atomic"

	"tallygate/gateway/internal/h2"
	"tallygate/kit/follow"
)

// serverCertificates are what the gateway serves HTTPS with.
type serverCertificates interface {
	// Certificate returns the one for a client, as tls.Config's GetCertificate does.
	Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	// Leaves are those in force; nil for one that is missing.
	Leaves() []*x509.Certificate
}

// tlsConfig serves HTTP/1.1 over TLS 1.2 and later, and HTTP/2 to clients that take it; nil without certificates. The suites of TLS 1.2
// are those that HTTP/2 allows (RFC 9113 section 9.2.2); those of TLS 1.3 cannot be chosen. more are protocols beside HTTP.
func tlsConfig(c serverCertificates, http2 bool, more ...string) *tls.Config {
	if c == nil {
		return nil
	}
	protocols := []string{"http/1.1"}
	if http2 {
		protocols = []string{h2.Protocol, "http/1.1"} // in the order of preference
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		NextProtos:     append(protocols, more...),
		GetCertificate: c.Certificate,
	}
}

// certificateFile is the server's certificate and its key. They are reloaded when their files change.
type certificateFile struct {
	files   follow.Files
	current atomic.Pointer[tls.Certificate]
}

func newCertificateFile(certFile, keyFile string) (*certificateFile, error) {
	c := &certificateFile{}
	// A half-written certificate file may be valid, but lack the rest of its chain.
	c.files = follow.Files{Paths: []string{certFile, keyFile}, Settle: true, Use: c.use}
	_, err := c.files.Reload(true)
	return c, err
}

// source is what a follower reloads.
func (c *certificateFile) source() follow.Source {
	return follow.Source{Name: "certificate", Reload: c.files.Reload}
}

// use puts a pair in force. It is an error if the two do not fit: one of the files may not be replaced yet.
func (c *certificateFile) use(contents [][]byte) error {
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return err
	}
	c.current.Store(&pair)
	return nil
}

// Certificate returns the pair in force.
func (c *certificateFile) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// Leaves are the one certificate.
func (c *certificateFile) Leaves() []*x509.Certificate {
	return []*x509.Certificate{c.current.Load().Leaf}
}
