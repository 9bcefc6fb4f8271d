package secretfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// initOne makes a secret if there is none at path, or an empty file.
func initOne(path string, mode fs.FileMode) error {
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return replace(path, []byte(newSecret()+"\n"), mode)
	}
	return writeOnce(path, []byte(newSecret()+"\n"), mode)
}

// newSecret returns 256 random bits.
func newSecret() string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	return hex.EncodeToString(secret[:])
}

// writeOnce writes a file if it does not exist. It writes the whole file or nothing, even if two processes try at once.
func writeOnce(path string, content []byte, mode fs.FileMode) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	draft, err := writeDraft(path, content, mode)
	if err != nil {
		return err
	}
	defer os.Remove(draft) //nolint:errcheck // by then it is only a second name of the file
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// replace writes a file whole or not at all; a reader sees the old content or the new.
func replace(path string, content []byte, mode fs.FileMode) error {
	draft, err := writeDraft(path, content, mode)
	if err != nil {
		return err
	}
	return os.Rename(draft, path)
}

func writeDraft(path string, content []byte, mode fs.FileMode) (name string, err error) {
	draft, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return "", err
	}
	_, err = draft.Write(content)
	if err = errors.Join(err, draft.Chmod(mode), draft.Sync(), draft.Close()); err != nil {
		return "", errors.Join(err, os.Remove(draft.Name()))
	}
	return draft.Name(), nil
}
