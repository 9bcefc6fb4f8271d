package main

import (
	"crypto/tls"
	"sync/atomic"

	"tallygate/kit/follow"
)

// certificate is the server's certificate and its key. They are reloaded when their files change.
type certificate struct {
	files   follow.Files
	current atomic.Pointer[tls.Certificate]
}

func newCertificate(certFile, keyFile string) (*certificate, error) {
	c := &certificate{}
	// A half-written certificate file may be valid, but lack the rest of its chain.
	c.files = follow.Files{Paths: []string{certFile, keyFile}, Settle: true, Use: c.use}
	_, err := c.files.Reload(true)
	return c, err
}

// source is what a follower reloads.
func (c *certificate) source() follow.Source {
	return follow.Source{Name: "certificate", Reload: c.files.Reload}
}

// use puts a pair in force. It is an error if the two do not fit: one of the files may not be replaced yet.
func (c *certificate) use(contents [][]byte) error {
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return err
	}
	c.current.Store(&pair)
	return nil
}

// config serves HTTP/1.1 over TLS 1.2 and later.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
}
