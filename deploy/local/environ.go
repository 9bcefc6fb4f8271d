package main

import (
	"path/filepath"
	"slices"
	"strings"
)

// secretNames are the secrets that auth-service makes once, each in a file of its name in lower case. JWT_OTHER_SECRETS
// follows the secret beside which it is accepted: who sets that one gets no file of ours for this one.
func secretNames() map[string]string {
	return map[string]string{"JWT_SECRET": "JWT_SECRET", "JWT_OTHER_SECRETS": "JWT_SECRET", "INTERNAL_SECRET": "INTERNAL_SECRET"}
}

// environ is the person's environment as the service gets it: with the service's own settings and the files of the
// secrets, where the person has set neither NAME nor NAME_FILE, and without what the service is not to know.
func (s service) environ(inherited []string, secretsDir string) []string {
	set := map[string]bool{}
	for _, pair := range inherited {
		if name, value, _ := strings.Cut(pair, "="); value != "" {
			set[name] = true
		}
	}
	var environ []string
	for _, pair := range inherited {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && !s.withholds(name) {
			environ = append(environ, pair)
		}
	}
	for name, value := range s.settings {
		if !set[name] && !set[name+"_FILE"] {
			environ = append(environ, name+"="+value)
		}
	}
	for name, leader := range secretNames() {
		if !set[name] && !set[name+"_FILE"] && !set[leader] && !set[leader+"_FILE"] && !s.withholds(name) {
			environ = append(environ, name+"_FILE="+filepath.Join(secretsDir, strings.ToLower(name)))
		}
	}
	return append(environ, "ADDR="+s.public.addr, "PRIVATE_ADDR="+s.private.addr)
}

// withholds reports whether a variable is none of the service's business: it is on its list, or it says where some
// service listens, which environ decides.
func (s service) withholds(variable string) bool {
	switch variable {
	case "ADDR", "PORT", "PRIVATE_ADDR", "MATH_PRIVATE_ADDR":
		return true
	}
	return slices.Contains(s.withheld, strings.TrimSuffix(variable, "_FILE"))
}
