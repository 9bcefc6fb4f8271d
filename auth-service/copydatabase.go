package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"tallygate/auth-service/internal/store"
	"tallygate/auth-service/internal/store/dbcopy"
	"tallygate/kit/env"
)

func copyCommands() []command {
	return []command{{
		noun: "copy-database", flags: []string{"-to ADDRESS"}, run: copyDatabase,
		help: "copy the SQLite database into a new, empty PostgreSQL database and compare the two; the service has to be stopped.\n" +
			"The target is TO_DATABASE_URL, or the file TO_DATABASE_URL_FILE; with -to, the password is in TO_DATABASE_PASSWORD or its file",
	}}
}

// readTarget reads the address of the database that is copied into. A password is not taken from the command line, which everybody on
// the machine can read.
func readTarget(r *env.Reader, flags map[string]string) (string, error) {
	flag, given := flags["-to"]
	if !given {
		target := readAddress(r, "TO_DATABASE_URL", "TO_DATABASE_PASSWORD", "")
		if target == "" && !r.Failed("TO_DATABASE_URL") {
			r.Fail("TO_DATABASE_URL", "is required: it is the database to copy into, postgres://user@host:5432/database; or call the command with -to")
		}
		return target, r.Err()
	}
	u, err := url.Parse(flag)
	if err != nil || !strings.HasPrefix(flag, "postgres://") && !strings.HasPrefix(flag, "postgresql://") {
		return "", wrongUseError("-to is not postgres://user@host:5432/database")
	}
	if _, secret := u.User.Password(); secret || u.Query().Has("password") || u.Query().Has("sslpassword") {
		return "", wrongUseError("-to holds a password, which everybody on this machine can read while the command runs: " +
			"put it into TO_DATABASE_PASSWORD, or into a file that TO_DATABASE_PASSWORD_FILE names")
	}
	if r.OptionalSecret("TO_DATABASE_URL").Value() != "" {
		r.Fail("TO_DATABASE_URL", "is set, and -to is given, too: keep one")
	}
	return readAddress(r, "", "TO_DATABASE_PASSWORD", flag), r.Err()
}

func copyDatabase(ctx context.Context, c call) error {
	path, err := sqlitePath(c, "copy it with pg_dump and pg_restore")
	if err != nil {
		return err
	}
	target, err := readTarget(env.NewReader(c.lookup), c.flags)
	if err != nil {
		return err
	}
	began := time.Now()
	done, err := store.CopyDatabase(ctx, path, target, c.tellProgress())
	switch {
	case errors.Is(err, store.ErrInUse):
		return fmt.Errorf("%s is in use: stop auth-service first", path)
	case errors.Is(err, dbcopy.ErrNotEmpty):
		return err
	case err != nil:
		return fmt.Errorf("the copy is not finished, and auth-service does not start on it; what is there is kept, and the same command goes on from it: %w", err)
	case done.Before != nil:
		fmt.Fprintf(c.out, "The copy was finished at %s already; nothing was changed.\n", done.Before.UTC().Format(time.RFC3339))
		return nil
	}
	fmt.Fprintf(c.out, "Copied and compared %d tables with %d rows in %v. Now set DATABASE_URL to the new database, keep the secrets, and start auth-service.\n",
		done.Tables, done.Rows, time.Since(began).Round(time.Second))
	return nil
}

// toldRows is after how many rows of one table progress is printed.
const toldRows = 1_000_000

// tellProgress prints a line for each table, and for each million of its rows.
func (c call) tellProgress() func(dbcopy.Progress) {
	var last int64
	return func(p dbcopy.Progress) {
		switch {
		case p.Anew:
			fmt.Fprintln(c.out, "The database was used since the copy began; it begins anew.")
		case p.Comparing:
			fmt.Fprintf(c.out, "%s: %d rows are the same\n", p.Table, p.Rows)
		case p.Done:
			fmt.Fprintf(c.out, "%s: %d rows copied\n", p.Table, p.Rows)
		case p.Rows/toldRows > last/toldRows && last > 0:
			fmt.Fprintf(c.out, "%s: %d rows so far\n", p.Table, p.Rows)
		}
		last = p.Rows
	}
}
