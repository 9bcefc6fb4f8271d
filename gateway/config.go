package main

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/env"
	"tallygate/kit/internalapi"
	"tallygate/kit/memory"
	"tallygate/kit/service"
	"tallygate/kit/token"
)

const (
	serviceName = "gateway"
	defaultAddr = ":8000"
	// defaultPrivateAddr is also where -healthcheck looks when PRIVATE_ADDR is not set.
	defaultPrivateAddr = "127.0.0.1:9000"
	// lowestHead is what a head with a large token takes.
	lowestHead = 4 << 10
)

// config is every setting of the gateway.
type config struct {
	service.Settings

	internalSecret *env.Secret
	auth           *url.URL
	authPrivate    *url.URL
	math           *url.URL
	routesFile     string
	stateDir       string
	trusted        []netip.Prefix
	proxyProtocol  bool
	idleTimeout    time.Duration
	hosts          *edge.Hosts
	cors           *route.CORS // nil: no origin is allowed
	pages          map[string]console.Page
	builtinPrefix  string // empty, or like /auth
	noRoot         bool   // there is no /root, and no math-service
	tlsCert        string
	tlsKey         string
	acme           acmeSettings
	http2          bool
	strict         string // Strict-Transport-Security; empty: off
	redirectAddr   string
	memory         memoryPlan
	bodyRate       int // bytes per second
	perAddress     int // connections
	maxHead        int // bytes
	maxTarget      int // bytes
	maxStaleness   time.Duration
	quotaRefuse    bool
}

// strictForm is what browsers agree on in Strict-Transport-Security.
var strictForm = regexp.MustCompile(`^max-age=[0-9]{1,10}(; ?includeSubDomains)?(; ?preload)?$`)

// readConfig reads the settings. Mistakes are in r.Err.
func readConfig(r *env.Reader) *config {
	c := &config{
		Settings:       service.ReadSettings(r, defaultAddr, defaultPrivateAddr),
		internalSecret: r.Secret("INTERNAL_SECRET"),
		authPrivate:    r.URL("AUTH_PRIVATE_URL", "http://127.0.0.1:9001"),
		routesFile:     r.String("ROUTES_FILE", ""),
		stateDir:       r.String("STATE_DIR", "data/gateway"),
		trusted:        r.Prefixes("TRUSTED_PROXIES", "none"),
		proxyProtocol:  r.Bool("PROXY_PROTOCOL", false),
		idleTimeout:    r.Duration("IDLE_TIMEOUT", edge.DefaultIdleTimeout, time.Second),
		tlsCert:        r.String("TLS_CERT_FILE", ""),
		tlsKey:         r.String("TLS_KEY_FILE", ""),
		http2:          r.Bool("HTTP2", true),
		redirectAddr:   r.String("HTTP_REDIRECT_ADDR", ""),
		maxStaleness:   r.Duration("REVOCATION_MAX_STALENESS", 0, 0),
		quotaRefuse:    r.OneOf("QUOTA_WHEN_UNREACHABLE", "allow", "refuse") == "refuse",
	}
	c.acme = readACME(r, c.stateDir)
	limit, known := memory.Limit()
	c.memory = planMemory(limit, known, c.secure())
	c.bodyRate = r.Int("BODY_MIN_RATE", 240, 0, 1<<30)
	c.memory.connections = r.Int("MAX_CONNECTIONS", defaultConnections(c.memory.connections), 1, maxConnections)
	c.perAddress = r.Int("CONNECTIONS_PER_ADDRESS", max(1, c.memory.connections/2), 0, maxConnections)
	c.maxHead = r.Int("MAX_HEAD_BYTES", wire.MaxHeadBytes, lowestHead, wire.HighestHeadBytes)
	c.maxTarget = r.Int("MAX_TARGET_BYTES", c.maxHead, 1, c.maxHead)
	var err error
	if c.hosts, err = edge.ParseHosts(r.String("HOSTS", "")); err != nil {
		r.Fail("HOSTS", "%v", err)
	}
	if c.strict = r.String("HSTS", "max-age=31536000"); c.strict == "off" {
		c.strict = ""
	} else if !strictForm.MatchString(c.strict) {
		r.Fail("HSTS", "%q is neither off nor like max-age=31536000; includeSubDomains", c.strict)
	}
	c.readBuiltins(r)
	c.pages = c.readPages(r)
	c.cors = readOrigins(r)
	for name, u := range map[string]*url.URL{"AUTH_URL": c.auth, "MATH_URL": c.math} {
		if u.Scheme != "http" {
			r.Fail(name, "the gateway reaches its upstreams by http, not %s", u.Scheme)
		}
	}
	if c.proxyProtocol && len(c.trusted) == 0 {
		r.Fail("PROXY_PROTOCOL", "nobody may send its header: set TRUSTED_PROXIES too")
	}
	c.checkTLS(r)
	return c
}

// secure reports whether ADDR speaks TLS.
func (c *config) secure() bool { return c.tlsCert != "" || len(c.acme.domains) > 0 }

func (c *config) checkTLS(r *env.Reader) {
	if c.redirectAddr != "" && !c.secure() {
		r.Fail("HTTP_REDIRECT_ADDR", "there is no HTTPS to redirect to: set TLS_DOMAINS, or TLS_CERT_FILE and TLS_KEY_FILE, too")
	}
	if (c.tlsCert == "") != (c.tlsKey == "") {
		r.Fail("TLS_CERT_FILE", "TLS_CERT_FILE and TLS_KEY_FILE go together: set both or neither")
	}
	if c.tlsCert != "" && len(c.acme.domains) > 0 {
		r.Fail("TLS_DOMAINS", "TLS_CERT_FILE says which certificate is used: set one of the two")
	}
}

// bearer derives the credential of the internal API. If INTERNAL_SECRET is wrong, or one of the secrets of tokens, it adds an error
// to r that names the variable.
func (c *config) bearer(r *env.Reader, keys *token.Keyring) *internalapi.Bearer {
	secret := c.internalSecret.Value()
	if secret == "" {
		return nil // r has the error already
	}
	bearer, err := internalapi.NewBearer(secret)
	if err == nil && keys != nil {
		err = internalapi.KeepApart(keys, bearer)
	}
	r.Add(err)
	return bearer
}

// portOf is the number of an address's port; 0 if it has none.
func portOf(addr string) int {
	_, port, _ := net.SplitHostPort(addr) // a mistake is found when the address is listened on
	number, _ := strconv.Atoi(port)       // a name, like https, is that of a standard port
	return number
}

// hostPort returns an http address's host and port.
func hostPort(u *url.URL) string {
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return u.Host
}
