package main

import (
	"crypto/tls"
	"sync/atomic"

	"tallygate/kit/follow"
)

// certificate is the server's own. It is reloaded when its files change.
type certificate struct {
	files   follow.Files
	current atomic.Pointer[tls.Certificate]
}

func newCertificate(certFile, keyFile string) (*certificate, error) {
	c := &certificate{}
	// A certificate's file that is half written may be valid, without the rest of its chain.
	c.files = follow.Files{Paths: []string{certFile, keyFile}, Settle: true, Use: c.use}
	_, err := c.files.Reload(true)
	return c, err
}

// source is what a follower reloads.
func (c *certificate) source() follow.Source {
	return follow.Source{Name: "certificate", Reload: c.files.Reload}
}

// use puts a pair in force. While one of the two files is old they do not fit, which is an error.
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
