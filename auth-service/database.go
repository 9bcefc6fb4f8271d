package main

import (
	"net/url"
	"strings"

	"tallygate/kit/env"
)

// readDatabaseURL returns DATABASE_URL, with DATABASE_PASSWORD in it if that is set: the address is then no secret, and
// the password can be a file that a database server reads too.
func readDatabaseURL(r *env.Reader) string {
	text := r.OptionalSecret("DATABASE_URL").Value()
	password := r.OptionalSecret("DATABASE_PASSWORD").Value()
	if text == "" {
		text = "sqlite:data/tallygate.db"
	}
	if password == "" {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") || u.User.Username() == "" {
		r.Fail("DATABASE_PASSWORD", "needs a DATABASE_URL with a user in it, like postgres://user@host:5432/database")
		return text
	}
	if _, twice := u.User.Password(); twice {
		r.Fail("DATABASE_PASSWORD", "is set, and DATABASE_URL holds a password too: keep one")
		return text
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}
