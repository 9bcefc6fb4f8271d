package main

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/kit/follow"
)

// upstreamTLS are the TLS configurations for upstreams, by the files that they are made of.
type upstreamTLS map[tlsFiles]*tlsMaterial

// tlsFiles are the files of a route's tls; each may be empty.
type tlsFiles struct{ ca, cert, key string }

func (f tlsFiles) compare(other tlsFiles) int {
	return cmp.Or(cmp.Compare(f.ca, other.ca), cmp.Compare(f.cert, other.cert), cmp.Compare(f.key, other.key))
}

// tlsMaterial is what such files hold. They are reloaded when they change.
type tlsMaterial struct {
	follow.Files

	names   tlsFiles
	current atomic.Pointer[tls.Config]
}

func newTLSMaterial(names tlsFiles) (*tlsMaterial, error) {
	m := &tlsMaterial{names: names}
	m.Files = follow.Files{Settle: true, Use: m.use}
	for _, path := range []string{names.ca, names.cert, names.key} {
		if path != "" {
			m.Paths = append(m.Paths, path)
		}
	}
	_, err := m.Reload(true)
	return m, err
}

// use puts the contents of the files in force. The order is that of Paths.
func (m *tlsMaterial) use(contents [][]byte) error {
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if m.names.ca != "" {
		authorities, err := certPool(contents[0])
		if err != nil {
			return fmt.Errorf("%s: %w", m.names.ca, err)
		}
		config.RootCAs, contents = authorities, contents[1:]
	}
	if m.names.cert != "" {
		pair, err := tls.X509KeyPair(contents[0], contents[1])
		if err != nil {
			return fmt.Errorf("%s, %s: %w", m.names.cert, m.names.key, err)
		}
		// Whatever authorities the upstream asks for: it knows better than its hints whom it accepts.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	m.current.Store(config)
	return nil
}

// certPool reads the certificates of a PEM file. One that cannot be read is an error: without it, half of a file's
// authorities might be missing unseen.
func certPool(text []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		if text = rest; block.Type != "CERTIFICATE" {
			continue
		}
		authority, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(authority)
		found = true
	}
	if !found {
		return nil, errors.New("there is no certificate in PEM form in it")
	}
	return pool, nil
}

// fill returns the configurations that the routes of a new table need. Files that are known are not read again.
func (u upstreamTLS) fill(table *route.Table) (upstreamTLS, error) {
	next := upstreamTLS{}
	var errs []error
	for _, r := range table.Routes() {
		names := tlsFiles{r.TLS.CA, r.TLS.Cert, r.TLS.Key}
		if !r.TLS.On || next[names] != nil {
			continue
		}
		if next[names] = u[names]; next[names] != nil {
			continue
		}
		var err error
		if next[names], err = newTLSMaterial(names); err != nil {
			errs = append(errs, fmt.Errorf("route %s: tls: %w", r.Name, err))
		}
	}
	return next, errors.Join(errs...)
}

// of returns what gives the configuration for an upstream's connections.
func (u upstreamTLS) of(t upstream.TLS) func() *tls.Config {
	return u[tlsFiles{t.CA, t.Cert, t.Key}].current.Load
}

// reload looks at all files. Bad ones do not hold back the others.
func (u upstreamTLS) reload(forced bool) (changed bool, err error) {
	var errs []error
	for _, names := range slices.SortedFunc(maps.Keys(u), tlsFiles.compare) {
		one, err := u[names].Reload(forced)
		changed = changed || one
		errs = append(errs, err)
	}
	return changed, errors.Join(errs...)
}
