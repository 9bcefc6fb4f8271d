package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tallygate/auth-service/internal/store"
	"tallygate/kit/env"
)

func backupCommands() []command {
	file := []string{"FILE"}
	return []command{
		{
			noun: "backup", args: file, run: backUp,
			help: "copy the SQLite database into a new file and check the copy; the service may run meanwhile",
		},
		{
			noun: "restore", args: file, run: restore,
			help: "put a copy of a back-up in the place of the SQLite database, which is kept under another name;\nthe service has to be stopped",
		},
	}
}

// sqlitePath is where the database is. A database of PostgreSQL has tools of its own: instead says which.
func sqlitePath(c call, instead string) (string, error) {
	r := env.NewReader(c.lookup)
	database := readDatabase(r)
	if err := r.Err(); err != nil {
		return "", err
	}
	path, ok := strings.CutPrefix(database.url, "sqlite:")
	switch {
	case strings.HasPrefix(database.url, "postgres"):
		return "", wrongUseError("the database is PostgreSQL, which has its own tools: " + instead + " (docs/operate.md)")
	case !ok || path == "" || path == ":memory:":
		return "", errors.New("DATABASE_URL: is neither postgres://… nor sqlite:PATH")
	}
	return path, nil
}

func backUp(ctx context.Context, c call) error {
	path, err := sqlitePath(c, "run pg_dump -U USER -Fc DATABASE > FILE")
	if err != nil {
		return err
	}
	content, err := store.BackUp(ctx, path, c.args[0])
	if err != nil {
		return fmt.Errorf("nothing was backed up: %w", err)
	}
	fmt.Fprintf(c.out, "%s holds %s.\n", c.args[0], told(content))
	return c.differences(content)
}

func restore(ctx context.Context, c call) error {
	path, err := sqlitePath(c, "stop auth-service and run pg_restore -U USER -d DATABASE --clean --if-exists < FILE")
	if err != nil {
		return err
	}
	done, err := store.Restore(ctx, path, c.args[0])
	switch {
	case errors.Is(err, store.ErrInUse):
		return fmt.Errorf("%s is in use: stop auth-service first; nothing was restored", path)
	case err != nil:
		return fmt.Errorf("nothing was restored: %w", err)
	}
	fmt.Fprintf(c.out, "%s is restored: %s.\n", path, told(done.Content))
	if done.Kept != "" {
		fmt.Fprintf(c.out, "The database that was there is now %s.\n", done.Kept)
	}
	return c.differences(done.Content)
}

// told says what is in a file.
func told(content store.Content) string {
	text := fmt.Sprintf("%d bytes, %d users", content.Size, content.Users)
	if !content.Checked {
		return text + fmt.Sprintf("; its ledger was not checked, because it has the schema %d of another version", content.Schema)
	}
	return text + fmt.Sprintf(", %d calls and %d units in the ledger", content.Requests, content.Units)
}

// differences prints how the ledger in a file contradicts itself.
func (c call) differences(content store.Content) error {
	for _, d := range content.Differences {
		fmt.Fprintln(c.err, d)
	}
	if n := len(content.Differences); n > 0 {
		return fmt.Errorf("the file is whole, but the ledger in it does not agree with itself: %d differences", n)
	}
	if content.Checked {
		fmt.Fprintln(c.out, "The ledger in it agrees.")
	}
	return nil
}
