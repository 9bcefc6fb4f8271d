// Package acme gets the gateway's certificates from an authority that speaks ACME (RFC 8555), such as Let's Encrypt, and renews
// them. It proves that the domains lead here by the challenges tls-alpn-01 (RFC 8737), on the port of HTTPS, and http-01, if there
// is a listener for plain HTTP.
//
// certmagic does the work. Gateways that share a folder share certificates: one of them gets each, and each of them can answer a
// challenge that another one has begun.
package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// LetsEncrypt is the directory of Let's Encrypt.
const LetsEncrypt = certmagic.LetsEncryptProductionCA

// Protocol is what the challenge tls-alpn-01 negotiates instead of HTTP.
const Protocol = acmez.ACMETLS1Protocol

// Config is what a Manager is made of.
type Config struct {
	Domains   []string       // lower case, in ASCII; at least one. The first is for clients that name none
	Directory string         // the URL of the authority's directory
	Email     string         // for the authority's messages; may be empty
	Roots     *x509.CertPool // that the authority's own certificate is checked with; nil: the system's
	// KeyID and MACKey bind the account to one that the authority knows (RFC 8555 section 7.3.4). Empty: it needs none.
	KeyID, MACKey string
	Folder        string // where accounts, certificates and their keys are kept
	Host          string // where HTTPS is served; empty: on every address
	Port          int    // of HTTPS; 0: 443
	PlainPort     int    // of plain HTTP, whose requests Respond gets; 0: there is none
	Log           *slog.Logger
}

// Manager has a certificate for each domain, or tries to get it.
type Manager struct {
	cfg    Config
	cache  *certmagic.Cache
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
}

// New returns a Manager with the certificates that are in the folder. An error says that the folder cannot be written.
func New(ctx context.Context, cfg Config) (*Manager, error) {
	if err := writable(cfg.Folder); err != nil {
		return nil, err
	}
	m := &Manager{cfg: cfg}
	log := zapTo(cfg.Log)
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return m.magic, nil },
		Logger:           log,
	})
	m.magic = certmagic.New(m.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: cfg.Folder}, Logger: log, OnEvent: m.tell,
		ShouldEmitFunc:    func(event string) bool { return event == obtained },
		DefaultServerName: cfg.Domains[0], FallbackServerName: cfg.Domains[0],
		// The start would wait for the authority's responder. Let's Encrypt has none any more.
		OCSP: certmagic.OCSPConfig{DisableStapling: true},
	})
	template := certmagic.ACMEIssuer{
		CA: cfg.Directory, Email: cfg.Email, Agreed: true, TrustedRoots: cfg.Roots, Logger: log,
		ListenHost: cfg.Host, AltTLSALPNPort: cfg.Port, AltHTTPPort: cfg.PlainPort, DisableHTTPChallenge: cfg.PlainPort == 0,
	}
	if cfg.KeyID != "" {
		template.ExternalAccount = &acme.EAB{KeyID: cfg.KeyID, MACKey: cfg.MACKey}
	}
	m.issuer = certmagic.NewACMEIssuer(m.magic, template)
	m.magic.Issuers = []certmagic.Issuer{m.issuer}
	m.load(ctx)
	return m, nil
}

// writable makes the folder, and tries to write to it.
func writable(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	probe, err := os.CreateTemp(folder, "probe")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// load puts the stored certificates in force, so that the first client is served. Run renews only what it loads itself, so one that
// is due is left to it.
func (m *Manager) load(ctx context.Context) {
	for _, domain := range m.cfg.Domains {
		cert, err := m.magic.CacheManagedCertificate(ctx, domain)
		switch {
		case errors.Is(err, os.ErrNotExist): // the first start
		case err != nil:
			m.cfg.Log.Warn("a stored certificate cannot be used", "domain", domain, "error", err)
		case cert.NeedsRenewal(m.magic):
			m.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: domain}})
		}
	}
}

// Run gets the certificates that are missing, and renews all, until ctx ends. Something must already listen where HTTPS is served.
// What fails is logged and tried again, in a minute at first and once a day in the end.
func (m *Manager) Run(ctx context.Context) {
	_ = m.magic.ManageAsync(ctx, m.cfg.Domains) // returns nil; it logs what fails
	<-ctx.Done()
	m.cache.Stop()
}

// Certificate is for tls.Config: the certificate of the domain that the client has named, or that of the first domain, or the answer
// to a challenge.
func (m *Manager) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Contains(hello.SupportedProtos, Protocol) && !slices.Contains(m.cfg.Domains, strings.ToLower(hello.ServerName)) {
		return nil, errNoChallenge // the library would look for it on the disk, and log that it is not there
	}
	return m.magic.GetCertificate(hello)
}

var errNoChallenge = errors.New("no challenge was asked for that name")

// Respond answers the authority's request of the challenge http-01, and reports whether the request was one.
func (m *Manager) Respond(w http.ResponseWriter, r *http.Request) bool {
	return m.issuer.HandleHTTPChallenge(w, r)
}

// Leaves are the certificates in force, in the order of the domains; nil for a domain that has none.
func (m *Manager) Leaves() []*x509.Certificate {
	leaves := make([]*x509.Certificate, len(m.cfg.Domains))
	for i, domain := range m.cfg.Domains {
		for _, cert := range m.cache.AllMatchingCertificates(domain) {
			if leaves[i] == nil || cert.Leaf.NotAfter.After(leaves[i].NotAfter) {
				leaves[i] = cert.Leaf
			}
		}
	}
	return leaves
}

// obtained is the library's event for a new certificate.
const obtained = "cert_obtained"

// tell logs that a certificate was got.
func (m *Manager) tell(_ context.Context, event string, data map[string]any) error {
	if event == obtained {
		m.cfg.Log.Info("certificate obtained", "domain", data["identifier"], "renewal", data["renewal"])
	}
	return nil
}
