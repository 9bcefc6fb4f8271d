package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/idna"

	"tallygate/gateway/internal/acme"
	"tallygate/kit/env"
)

// acmeSettings say which certificates the gateway gets by itself, and where.
type acmeSettings struct {
	domains   []string // lower case, in ASCII; empty: it gets none
	directory string
	email     string
	roots     *x509.CertPool // nil: the system's
	keyID     string
	macKey    *env.Secret
	folder    string
}

// readACME reads the settings of TLS_DOMAINS. stateDir is where certificates are kept by default.
func readACME(r *env.Reader, stateDir string) acmeSettings {
	a := acmeSettings{
		email:  r.String("ACME_EMAIL", ""),
		keyID:  r.String("ACME_KEY_ID", ""),
		macKey: r.OptionalSecret("ACME_MAC_KEY"),
		folder: r.String("ACME_DIR", filepath.Join(stateDir, "acme")),
	}
	a.directory = r.String("ACME_URL", acme.LetsEncrypt)
	if u, err := url.Parse(a.directory); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		r.Fail("ACME_URL", "%q is not the URL of an authority's directory, like %s", a.directory, acme.LetsEncrypt)
	}
	if (a.keyID == "") != (a.macKey.Value() == "") {
		r.Fail("ACME_KEY_ID", "ACME_KEY_ID and ACME_MAC_KEY go together: set both or neither")
	}
	if file := r.String("ACME_CA_FILE", ""); file != "" {
		text, err := os.ReadFile(file)
		if err == nil {
			a.roots, err = certPool(text)
		}
		if err != nil {
			r.Fail("ACME_CA_FILE", "%v", err)
		}
	}
	for word := range strings.SplitSeq(r.String("TLS_DOMAINS", ""), ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		domain, err := domainName(word)
		if err != nil {
			r.Fail("TLS_DOMAINS", "%q: %v", word, err)
			continue
		}
		a.domains = append(a.domains, domain)
	}
	return a
}

// domainName is a domain as certificates have it: in lower case and in ASCII.
func domainName(word string) (string, error) {
	if strings.HasPrefix(word, "*") {
		return "", errors.New("a wildcard takes a challenge in the DNS, which the gateway cannot answer: name each domain, or set TLS_CERT_FILE")
	}
	if net.ParseIP(strings.Trim(word, "[]")) != nil {
		return "", errors.New("an address has no certificate of this kind: name a domain")
	}
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(word, "."))
	if err != nil || domain == "" {
		return "", errors.New("it is not a domain like api.example.com")
	}
	return domain, nil
}

// newACME returns what gets certificates from an authority, and renews them.
func newACME(cfg *config, log *slog.Logger) (*acme.Manager, error) {
	host, _, _ := net.SplitHostPort(cfg.Addr) // a mistake is found when the address is listened on
	manager, err := acme.New(context.Background(), acme.Config{
		Domains: cfg.acme.domains, Directory: cfg.acme.directory, Email: cfg.acme.email, Roots: cfg.acme.roots,
		KeyID: cfg.acme.keyID, MACKey: cfg.acme.macKey.Value(), Folder: cfg.acme.folder,
		Host: host, Port: portOf(cfg.Addr), PlainPort: portOf(cfg.redirectAddr), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("ACME_DIR: %w", err)
	}
	return manager, nil
}
