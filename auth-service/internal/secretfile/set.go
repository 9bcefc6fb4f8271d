package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tallygate/kit/token"
)

// file is one of the secrets of an installation.
type file struct {
	name string
	// folder is under the shared folder. Only containers that need the secret can see it.
	folder string
	// check refuses a bad secret. If it is nil, the secret may be empty, and is empty at first.
	check func(string) error
}

// files are the secrets of an installation whose tokens are signed with alg. JWT_SECRET is needed with HS256 only.
func files(alg string) []file {
	checkJWT := token.CheckSecret
	if alg != token.HS256 {
		checkJWT = nil
	}
	return []file{
		{"jwt_secret", "jwt", checkJWT},
		{"jwt_other_secrets", "jwt", nil},
		{publicKeysFile, "jwt", nil},
		{signingKeyFile, Signing, nil},
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

// Init makes the secrets that do not exist in dir yet, 256 random bits each, and a signing key with its public half, unless alg
// is HS256. It does not change what exists. It returns an error if internal_secret is also a secret of tokens. Other users of the
// machine cannot read the folder and the files.
func Init(dir, alg string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x bit
		return err
	}
	for _, f := range files(alg) {
		path := filepath.Join(dir, f.name)
		var err error
		if f.check == nil {
			err = writeOnce(path, nil, 0o600)
		} else {
			err = initOne(path, 0o600)
		}
		if err != nil {
			return err
		}
	}
	if err := keepApart(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }); err != nil {
		return err
	}
	_, err := keyFiles{filepath.Join(dir, signingKeyFile), filepath.Join(dir, publicKeysFile)}.init(alg, filepath.Join(dir, "jwt_secret"), 0o600)
	return err
}

// Share puts each secret into a folder under dir for the services that need it, which are containers or units of systemd: the operator's file in from, or what
// was there before, or a new secret. called is the operator's name for from. If it is not empty, no secret may be
// missing. Share reports every mistake at once, and then changes nothing. Unless alg is HS256, it also makes a signing key, and
// reports whether the public half of a key is new to services that may be running: they need time to read it.
func Share(from, called, dir, alg string) (published bool, err error) {
	var errs []error
	found := map[string]source{}
	for _, f := range files(alg) {
		var err error
		if found[f.name], err = f.find(from, called, dir); err != nil {
			errs = append(errs, err)
		}
	}
	if err := keepApart(func(name string) ([]byte, error) { return found[name].content, nil }); err != nil {
		errs = append(errs, fmt.Errorf("SECRETS_DIR=%s: %w", called, err))
	}
	if len(errs) > 0 {
		return false, errors.Join(errs...)
	}
	for _, f := range files(alg) {
		if err := os.MkdirAll(filepath.Join(dir, f.folder), 0o755); err != nil { //nolint:gosec // dir itself is what nobody else can enter
			return false, err
		}
		write := writeOnce
		if found[f.name].own {
			write = replace
		}
		if err := write(f.in(dir), found[f.name].content, 0o444); err != nil {
			return false, err
		}
	}
	keys := keyFiles{filepath.Join(dir, Signing, signingKeyFile), filepath.Join(dir, "jwt", publicKeysFile)}
	return keys.init(alg, filepath.Join(dir, "jwt", "jwt_secret"), 0o444)
}

// in is the file's path under the shared folder. Each folder is a volume of its own. It is mounted where the secret is needed, and
// nowhere else.
func (f file) in(dir string) string { return filepath.Join(dir, f.folder, f.name) }

// source is what Share puts into a file.
type source struct {
	content []byte
	own     bool // it takes the place of what is there: it is the operator's, or what is there was withdrawn
}

func (f file) find(from, called, dir string) (source, error) {
	own, err := os.ReadFile(filepath.Join(from, f.name))
	switch {
	case err == nil:
		if err := f.accept(own); err != nil {
			return source{}, fmt.Errorf("SECRETS_DIR=%s: %s %w: replace it, or unset SECRETS_DIR to have secrets made", called, f.name, err)
		}
		return source{content: own, own: true}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return source{}, fmt.Errorf("SECRETS_DIR=%s: %w", called, err)
	case f.check != nil && called != "":
		return source{}, fmt.Errorf("SECRETS_DIR=%s has no file %s: write the secret there (openssl rand -hex 32 makes one), or unset SECRETS_DIR to have secrets made",
			called, f.name)
	}
	before, err := os.ReadFile(f.in(dir))
	switch {
	case err == nil && f.check != nil && len(before) == 0: // withdrawn, and needed again
		return source{content: []byte(newSecret() + "\n"), own: true}, nil
	case err == nil:
		return source{content: before}, nil
	case !errors.Is(err, fs.ErrNotExist) || f.check == nil:
		return source{}, ignoreMissing(err)
	}
	return source{content: []byte(newSecret() + "\n")}, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f file) accept(own []byte) error {
	if f.check == nil {
		return nil
	}
	return f.check(string(bytes.TrimSuffix(bytes.TrimSuffix(own, []byte("\n")), []byte("\r"))))
}
