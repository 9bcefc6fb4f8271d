package secretfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tallygate/kit/token"
)

// state is what the files say.
type state struct {
	inForce  string
	accepted []string // besides inForce
	next     string   // empty: no rotation is under way
	changed  time.Time
	mode     fs.FileMode
}

func (r rotation) nextFile() string { return r.name + ".next" }

func (r rotation) acceptedFile() string {
	if r.others != "" {
		return r.others
	}
	return r.name
}

func (r rotation) read() (state, error) {
	info, err := os.Stat(filepath.Join(r.Dir, r.name))
	if err != nil {
		return state{}, err
	}
	s := state{changed: info.ModTime(), mode: info.Mode().Perm()}
	secrets, err := r.list(r.name)
	if err != nil {
		return s, err
	}
	if len(secrets) == 0 {
		return s, fmt.Errorf("%s is empty", filepath.Join(r.Dir, r.name))
	}
	s.inForce, s.accepted = secrets[0], secrets[1:]
	if r.others != "" {
		if info, err := os.Stat(filepath.Join(r.Dir, r.others)); err == nil && info.ModTime().After(s.changed) {
			s.changed = info.ModTime()
		}
		if s.accepted, err = r.list(r.others); err != nil {
			return s, err
		}
	}
	next, err := r.list(r.nextFile())
	if err != nil || len(next) == 0 {
		return s, err
	}
	s.next = next[0]
	if err := token.CheckSecret(s.next); err != nil {
		return s, fmt.Errorf("%s %w", filepath.Join(r.Dir, r.nextFile()), err)
	}
	return s, r.checkApart(s.next)
}

// checkApart refuses a next secret that the installation has for another purpose: services would not accept it.
func (r rotation) checkApart(next string) error {
	for _, f := range files(token.HS256) {
		if f.folder == r.Secret || f.folder == "database" || f.folder == Signing || f.name == publicKeysFile {
			continue
		}
		// All files are in one folder, or each kind of secret has a folder of its own.
		for _, path := range []string{filepath.Join(r.Dir, f.name), filepath.Join(r.Dir, "..", f.folder, f.name)} {
			text, err := os.ReadFile(path)
			if ignoreMissing(err) != nil {
				return err
			}
			if inCommon(next, string(text)) {
				return fmt.Errorf("%s has the same secret as %s: remove it, and this command makes another",
					filepath.Join(r.Dir, r.nextFile()), path)
			}
		}
	}
	return nil
}

// list reads a file of secrets. A file that does not exist is empty.
func (r rotation) list(name string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(r.Dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return token.SplitSecrets(string(text)), nil
}

func (r rotation) write(name, content string, mode fs.FileMode) error {
	return replace(filepath.Join(r.Dir, name), []byte(content+"\n"), mode)
}
