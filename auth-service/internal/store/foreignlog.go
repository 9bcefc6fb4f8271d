package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// foreignLog returns an error if the write-ahead log beside a database cannot be of it. SQLite does not look: it would apply the
// log to the file, which undoes a restore or destroys it. A log is foreign when the file is missing or empty, or when the
// file was not in the mode that has a log, as after BackUp. A log of an older state of the same file cannot be told.
func foreignLog(path string) (err error) {
	// The log first: another process that starts now marks the file before it makes a log.
	log, err := os.Stat(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	foreign := fmt.Errorf("%[1]s-wal is the log of another database than %[1]s, and would be applied to it: restore with "+
		"\"auth-service restore\", or move the log away if the file is whole without it", path)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return foreign
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	const readVersion, withLog = 19, 2 // https://www.sqlite.org/fileformat2.html, section 1.3
	header := make([]byte, readVersion+1)
	switch _, err := io.ReadFull(file, header); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return foreign
	case err != nil:
		return err
	case header[readVersion] != withLog:
		return foreign
	}
	return nil
}
