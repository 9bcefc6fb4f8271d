package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// ErrInUse means that another process has the database open.
var ErrInUse = errors.New("the database is in use")

// Restored is what Restore did.
type Restored struct {
	Content // of the file
	// Kept is where the replaced database is now; empty if there was none.
	Kept string
}

// Restore puts a copy of file in the place of the SQLite database at path, and begins an epoch in it. What was there is renamed
// together with its log, so that nothing of it is applied to the new one. Errors: ErrInUse, or that the file is no
// database that this program can use; then nothing has changed.
func Restore(ctx context.Context, path, file string) (r Restored, err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if same(path, file) {
		return r, fmt.Errorf("%s is the database itself", file)
	}
	if err := useTempFolder(path); err != nil {
		return r, err
	}
	release, err := lockAlone(path)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
	options, err := readable(file)
	if err != nil {
		return r, err
	}
	if r.Content, err = inspect(ctx, file, options); err != nil {
		return r, err
	}
	newest, err := newestSchema()
	if err != nil {
		return r, err
	}
	if r.Schema > newest {
		return r, fmt.Errorf("%s is from a newer version: its schema is %d, and this program knows %d", file, r.Schema, newest)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return r, err
	}
	temp, err := newFile(path, "restoring")
	if err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			removeAll(temp)
		}
	}()
	if err := copySQLite(ctx, file, options, temp); err != nil {
		return r, err
	}
	if err := beginHistory(ctx, temp); err != nil {
		return r, err
	}
	r.Kept, err = replace(path, temp)
	return r, err
}

func same(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// readable says how to open a file from which a database is restored. If it has a log beside it, that is a part of it.
func readable(file string) (url.Values, error) {
	if _, err := os.Stat(file + "-wal"); errors.Is(err, fs.ErrNotExist) {
		return untouched(), nil
	}
	return url.Values{"mode": {"ro"}}, foreignLog(file)
}

// beginHistory migrates a restored file and begins an epoch in it, as a start of auth-service does.
func beginHistory(ctx context.Context, file string) error {
	s, err := Open(Config{URL: "sqlite:" + file, MaxConns: 4, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := errors.Join(s.Start(ctx), s.Close()); err != nil {
		return fmt.Errorf("the restored database does not start: %w", err)
	}
	if info, err := os.Stat(file + "-wal"); err == nil && info.Size() > 0 {
		return errors.New("the log of the restored database could not be emptied")
	}
	removeLogs(file)
	return syncFile(file)
}

// replace renames the database and what belongs to it, and puts temp in its place. The file goes before its log: auth-service does
// not start beside a log without a file, but would beside a file without its log.
func replace(path, temp string) (kept string, err error) {
	kept = path + ".replaced-" + time.Now().UTC().Format("20060102T150405.000Z")
	if err := absent(kept); err != nil {
		return "", err
	}
	var done []string
	for _, ending := range besides() {
		switch err = os.Rename(path+ending, kept+ending); {
		case err == nil:
			done = append(done, ending)
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		}
		if err != nil {
			break
		}
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		for _, ending := range done {
			err = errors.Join(err, os.Rename(kept+ending, path+ending))
		}
		return "", err
	}
	if len(done) == 0 {
		kept = ""
	}
	return kept, syncFolder(filepath.Dir(path))
}
