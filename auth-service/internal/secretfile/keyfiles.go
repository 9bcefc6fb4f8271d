package secretfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/token"
)

const (
	signingKeyFile = "jwt_signing_key" // a private key
	publicKeysFile = "jwt_public_keys" // a JWKS
)

// keyFiles are the paths of a private key and of the public keys that services accept.
type keyFiles struct{ private, public string }

// keyFilesIn finds the files: all in one folder, or each kind in a folder of its own.
func keyFilesIn(dir string) keyFiles {
	in := func(name, folder string) string {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			if apart := filepath.Join(dir, "..", folder, name); exists(apart) {
				return apart
			}
		}
		return filepath.Join(dir, name)
	}
	return keyFiles{in(signingKeyFile, Signing), in(publicKeysFile, "jwt")}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// init makes a key if there is none, and publishes its public half. It reports whether that was not published yet. With HS256
// it makes nothing. Of the key and jwt_secret, it makes the one that signs from now on the newer file.
func (k keyFiles) init(alg, secret string, mode fs.FileMode) (published bool, err error) {
	if alg == token.HS256 {
		return false, makeNewer(secret, k.private)
	}
	if published, err = k.initKey(alg, mode); err != nil {
		return false, err
	}
	return published, makeNewer(k.private, secret)
}

// makeNewer gives the file the present time if the other one, which has a content, is not older.
func makeNewer(path, other string) error {
	of, err := os.Stat(other)
	if err != nil || of.Size() == 0 {
		return ignoreMissing(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.ModTime().After(of.ModTime()) {
		return err
	}
	now := time.Now()
	return os.Chtimes(path, now, now)
}

func (k keyFiles) initKey(alg string, mode fs.FileMode) (published bool, err error) {
	text, err := os.ReadFile(k.private)
	if ignoreMissing(err) != nil {
		return false, err
	}
	if len(text) == 0 {
		made, err := issuer.NewPrivateKey(alg)
		if err != nil {
			return false, err
		}
		if err := replace(k.private, []byte(made), mode); err != nil {
			return false, err
		}
	}
	key, err := readKey(k.private)
	if err != nil {
		return false, err
	}
	if key.Algorithm() != alg {
		return false, fmt.Errorf("%s is a key for %s, and TOKEN_ALG is %s: move it away, and another one is made", k.private, key.Algorithm(), alg)
	}
	known, err := k.published()
	if err != nil || holds(known, key) {
		return false, err
	}
	return true, k.publish(append(key.Public(), known...), mode)
}

func readKey(path string) (issuer.Key, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return issuer.Key{}, err
	}
	key, err := issuer.ParseKey(string(text))
	if err != nil {
		return issuer.Key{}, fmt.Errorf("%s %w", path, err)
	}
	return key, nil
}

// published are the public keys that services accept.
func (k keyFiles) published() ([]token.PublicKey, error) {
	text, err := os.ReadFile(k.public)
	if ignoreMissing(err) != nil {
		return nil, err
	}
	keys, err := token.ParsePublicKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.public, err)
	}
	return keys, nil
}

func (k keyFiles) publish(keys []token.PublicKey, mode fs.FileMode) error {
	return replace(k.public, append(token.JWKS(keys), '\n'), mode)
}

// holds reports whether a key's public half is among keys.
func holds(keys []token.PublicKey, key issuer.Key) bool {
	for _, one := range keys {
		if one.ID() == key.ID() {
			return true
		}
	}
	return false
}
