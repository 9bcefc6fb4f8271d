package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// certificate is the server's own, read again when its files change.
type certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
	read              [2]time.Time // the files' times
}

func newCertificate(certFile, keyFile string) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
	_, err := c.reload()
	return c, err
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

// reload reads the pair if either file has changed. While one of the two is old they do not fit, which is an error and
// leaves the pair before in use.
func (c *certificate) reload() (changed bool, err error) {
	var times [2]time.Time
	for i, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return false, err
		}
		times[i] = info.ModTime()
	}
	if times == c.read {
		return false, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return false, err
	}
	c.read = times
	c.current.Store(&pair)
	return true, nil
}

// follow looks for a renewed certificate until ctx ends.
func (c *certificate) follow(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(filePoll)
	defer ticker.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		changed, err := c.reload()
		switch {
		case err != nil && err.Error() != said:
			said = err.Error()
			log.Error("certificate cannot be read, the old one stays", "error", err)
		case changed:
			said = ""
			log.Info("certificate read anew")
		}
	}
}
