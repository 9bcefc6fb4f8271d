package main

import (
	"path/filepath"
	"slices"
	"strings"
)

// secretNames are the secrets that auth-service makes once, each in a file with its name in lower case. A secret's value is
// the one that it depends on: a person who sets JWT_SECRET gets no file of ours for JWT_OTHER_SECRETS either.
func secretNames() map[string]string {
	return map[string]string{
		"JWT_SECRET": "JWT_SECRET", "JWT_OTHER_SECRETS": "JWT_SECRET", "INTERNAL_SECRET": "INTERNAL_SECRET",
		"JWT_SIGNING_KEY": "JWT_SIGNING_KEY", "JWT_PUBLIC_KEYS": "JWT_SIGNING_KEY",
	}
}

// environ is the service's environment. It is the person's environment, without the variables that the service must not
// see. It also has the service's settings and the files of the secrets, unless the person has set NAME or NAME_FILE.
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

// withholds reports whether the service must not get a variable: it is on the service's list, or it says where a service
// listens, which environ sets.
func (s service) withholds(variable string) bool {
	switch variable {
	case "ADDR", "PORT", "PRIVATE_ADDR", "MATH_PRIVATE_ADDR":
		return true
	}
	return slices.Contains(s.withheld, strings.TrimSuffix(variable, "_FILE"))
}
