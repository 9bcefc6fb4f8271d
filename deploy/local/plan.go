package main

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"

	"tallygate/kit/env"
)

// service is a program to start: its own settings, the variables that are withheld from it, and where it listens.
type service struct {
	name     string
	settings map[string]string
	withheld []string
	public   listener
	private  listener
}

// listener is an address and the variable that changes it; moved is the format of that variable's value, with %d for
// the port.
type listener struct {
	addr     string
	variable string
	moved    string
}

// plan decides where each service listens and which settings it gets. It keeps what the person has set.
func plan(lookup env.Lookup, dataDir string) ([]service, error) {
	r := env.NewReader(lookup)
	gateway := listener{fmt.Sprintf("127.0.0.1:%d", r.Int("PORT", 8000, 1, 65535)), "PORT", "%d"}
	if addr := r.String("ADDR", ""); addr != "" {
		gateway = listener{addr, "ADDR", "127.0.0.1:%d"}
	}
	auth := r.URL("AUTH_URL", "http://127.0.0.1:8001")
	authPrivate := r.URL("AUTH_PRIVATE_URL", "http://127.0.0.1:9001")
	math := r.URL("MATH_URL", "http://127.0.0.1:8002")
	services := []service{
		{
			name:     "auth-service",
			settings: map[string]string{"DATABASE_URL": "sqlite:" + filepath.Join(dataDir, "tallygate.db")},
			withheld: []string{"AUTH_URL", "AUTH_PRIVATE_URL", "MATH_URL", "ROUTES_FILE", "STATE_DIR", "TRUSTED_PROXIES"},
			public:   byURL(auth, "AUTH_URL"),
			private:  byURL(authPrivate, "AUTH_PRIVATE_URL"),
		},
		{
			name:     "math-service",
			withheld: []string{"AUTH_URL", "AUTH_PRIVATE_URL", "DATABASE_URL", "INTERNAL_SECRET", "INTROSPECTION_SECRET", "JWT_SIGNING_KEY", "MATH_URL", "ROUTES_FILE", "STATE_DIR"},
			public:   byURL(math, "MATH_URL"),
			private:  listener{r.String("MATH_PRIVATE_ADDR", "127.0.0.1:9002"), "MATH_PRIVATE_ADDR", "127.0.0.1:%d"},
		},
		{
			name: "gateway",
			settings: map[string]string{
				"AUTH_URL": auth.String(), "AUTH_PRIVATE_URL": authPrivate.String(), "MATH_URL": math.String(),
				"STATE_DIR": filepath.Join(dataDir, "gateway"),
			},
			withheld: []string{"DATABASE_URL", "INTROSPECTION_SECRET", "JWT_SIGNING_KEY"},
			public:   gateway,
			private:  listener{r.String("PRIVATE_ADDR", "127.0.0.1:9000"), "PRIVATE_ADDR", "127.0.0.1:%d"},
		},
	}
	return services, r.Err()
}

func byURL(u *url.URL, variable string) listener {
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), "80")
	}
	return listener{addr, variable, "http://127.0.0.1:%d"}
}
