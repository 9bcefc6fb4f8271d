package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tallygate/kit/token"
)

// secretFile is a secret of a local or a compose set-up.
type secretFile struct {
	name string
	// folder is the one that only the containers which need the secret get to see.
	folder string
	// check refuses what would not do as this secret; nil means that the secret may also be empty, and starts so.
	check func(string) error
}

func secretFiles() []secretFile {
	return []secretFile{
		{"jwt_secret", "jwt", token.CheckSecret},
		{"jwt_other_secrets", "jwt", nil},
		{"internal_secret", "internal", token.CheckSecret},
		{"database_password", "database", checkPassword},
	}
}

func checkPassword(password string) error {
	if password == "" {
		return errors.New("is empty")
	}
	return nil
}

// initSecrets makes the secrets that do not exist yet, 256 random bits each, and changes none that does. Folder and
// files are closed to the host's other users.
func initSecrets(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x bit
		return err
	}
	for _, f := range secretFiles() {
		path := filepath.Join(dir, f.name)
		var err error
		if f.check == nil {
			err = writeOnce(path, nil, 0o600)
		} else {
			err = initSecret(path, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shareSecrets puts each secret into a folder under dir for the containers that need it: a file of the operator's in
// from, or what was there before, or a new secret. called is the operator's name for from; if it is not empty, no
// secret may be missing. It reports every mistake at once.
func shareSecrets(from, called, dir string) error {
	var errs []error
	for _, f := range secretFiles() {
		if err := f.share(from, called, dir); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (f secretFile) share(from, called, dir string) error {
	// The folder is a volume of its own, mounted where the secret is needed and nowhere else.
	target := filepath.Join(dir, f.folder, f.name)
	own, err := os.ReadFile(filepath.Join(from, f.name))
	switch {
	case err == nil:
		if err := f.accept(own); err != nil {
			return fmt.Errorf("SECRETS_DIR=%s: %s %w: replace it, or unset SECRETS_DIR to have secrets made", called, f.name, err)
		}
		return replaceFile(target, own, 0o444)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("SECRETS_DIR=%s: %w", called, err)
	case f.check == nil:
		return writeOnce(target, nil, 0o444)
	case called != "":
		return fmt.Errorf("SECRETS_DIR=%s has no file %s: write the secret there (openssl rand -hex 32 makes one), or unset SECRETS_DIR to have secrets made",
			called, f.name)
	}
	return initSecret(target, 0o444)
}

func (f secretFile) accept(own []byte) error {
	if f.check == nil {
		return nil
	}
	return f.check(string(bytes.TrimSuffix(bytes.TrimSuffix(own, []byte("\n")), []byte("\r"))))
}

// initSecret makes a secret if there is none at path.
func initSecret(path string, mode fs.FileMode) error {
	return writeOnce(path, []byte(newSecret()+"\n"), mode)
}

// newSecret is 256 random bits.
func newSecret() string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	return hex.EncodeToString(secret[:])
}

// writeOnce writes a file whole or not at all, unless it is there; also when two processes try at once.
func writeOnce(path string, content []byte, mode fs.FileMode) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	draft, err := writeDraft(path, content, mode)
	if err != nil {
		return err
	}
	defer os.Remove(draft) //nolint:errcheck // it is only a second name of the file by then
	if err := os.Link(draft, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// replaceFile writes a file whole or not at all; a reader sees the old content or the new.
func replaceFile(path string, content []byte, mode fs.FileMode) error {
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
