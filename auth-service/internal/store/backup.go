package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
)

// BackUp copies the SQLite database at path into a new file, checks the copy and says what is in it. Others may use the database
// meanwhile: the copy is its state of one moment. The file appears when it is whole and on the disk.
//
// It is a copy by VACUUM INTO: that reads one snapshot, which does not stop writers, and leaves out what was deleted. SQLite's
// back-up interface would begin anew each time that another process writes.
func BackUp(ctx context.Context, path, file string) (c Content, err error) {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return c, errors.Join(fmt.Errorf("there is no database at %s", path), err)
	}
	if err := errors.Join(foreignLog(path), useTempFolder(path)); err != nil {
		return c, err
	}
	if err := absent(file); err != nil {
		return c, err
	}
	temp, err := newFile(file, "unfinished")
	if err != nil {
		return c, err
	}
	defer func() {
		if err != nil {
			removeAll(temp)
		}
	}()
	if err := copySQLite(ctx, path, url.Values{"mode": {"rw"}}, temp); err != nil {
		return c, err
	}
	if c, err = inspect(ctx, temp, untouched()); err != nil {
		return c, fmt.Errorf("the copy is not right: %w", err)
	}
	if err := syncFile(temp); err != nil {
		return c, err
	}
	return c, publish(temp, file)
}

// untouched are options for a file that nobody writes, which SQLite then reads without files beside it.
func untouched() url.Values { return url.Values{"mode": {"ro"}, "immutable": {"1"}} }

// copySQLite copies a database into an empty file.
func copySQLite(ctx context.Context, from string, options url.Values, to string) (err error) {
	if to, err = filepath.Abs(to); err != nil {
		return err
	}
	options = maps.Clone(options)
	options.Set("_pragma", "busy_timeout(5000)")
	pool, err := sql.Open("sqlite", sqliteAddress(from, options))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	if _, err := pool.ExecContext(ctx, "vacuum into ?", to); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

// absent returns an error if there is something at path.
func absent(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fmt.Errorf("%s exists already, and is not overwritten", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// newFile makes an empty file beside another one, for this user only.
func newFile(beside, kind string) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(beside), filepath.Base(beside)+"."+kind+"-*")
	if err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}

// besides are the endings of the files that SQLite has for one database.
func besides() []string { return []string{"", "-wal", "-shm", "-journal"} }

func removeAll(path string) {
	_ = os.Remove(path) // there is nothing to do about an error
	removeLogs(path)
}

func removeLogs(path string) {
	for _, ending := range besides()[1:] {
		_ = os.Remove(path + ending) // most of them do not exist
	}
}

// publish gives a file its name. What has that name already stays.
func publish(temp, file string) error {
	switch err := os.Link(temp, file); {
	case err == nil:
		if err := os.Remove(temp); err != nil {
			return err
		}
	case errors.Is(err, fs.ErrExist):
		return absent(file)
	default: // a file system without links
		if err := absent(file); err != nil {
			return err
		}
		if err := os.Rename(temp, file); err != nil {
			return err
		}
	}
	return syncFolder(filepath.Dir(file))
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
