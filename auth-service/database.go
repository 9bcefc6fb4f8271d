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
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") || u.User.Username() == "" {
		r.Fail(secret, "needs a %s with a user in it, like postgres://user@host:5432/database", cmp.Or(address, "-to"))
		return text
	}
	if _, twice := u.User.Password(); twice {
		r.Fail(secret, "is set, and %s holds a password too: keep one", address)
		return text
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}
