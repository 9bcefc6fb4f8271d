package main

import (
	"cmp"
	"net/url"
	"strings"

	"tallygate/kit/env"
)

// readDatabaseURL returns DATABASE_URL, with DATABASE_PASSWORD in it if that is set.
func readDatabaseURL(r *env.Reader) string {
	return readAddress(r, "DATABASE_URL", "DATABASE_PASSWORD", "sqlite:data/tallygate.db")
}

// readAddress returns the address of a database, with the password in it if that is set: the address is then no secret, and
// the password can be a file that a database server reads too. byDefault is for an address that is not set, or has no variable.
func readAddress(r *env.Reader, address, secret, byDefault string) string {
	text := ""
	if address != "" {
		text = r.OptionalSecret(address).Value()
	}
	password := r.OptionalSecret(secret).Value()
	if text == "" {
		text = byDefault
	}
	if password == "" {
		return text
	}
	// Not url.Parse: it does not read addresses with several hosts.
	scheme, rest, _ := strings.Cut(text, "://")
	authority := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return !strings.ContainsRune("/?#", r) }))]
	at := strings.LastIndex(authority, "@")
	if !strings.HasPrefix(scheme, "postgres") || at <= 0 {
		r.Fail(secret, "needs a %s with a user in it, like postgres://user@host:5432/database", cmp.Or(address, "-to"))
		return text
	}
	if strings.Contains(authority[:at], ":") {
		r.Fail(secret, "is set, and %s holds a password too: keep one", address)
		return text
	}
	_, encoded, _ := strings.Cut(url.UserPassword("", password).String(), ":")
	return scheme + "://" + authority[:at] + ":" + encoded + rest[at:]
}

// mistakes are the errors that were joined into one.
func mistakes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
