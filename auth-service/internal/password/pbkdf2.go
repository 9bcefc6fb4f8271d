package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // PBKDF2 does not depend on what is broken in SHA-1, and old hashes are made with it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

// pbkdf2Hash is a foreign hash of Django's or Werkzeug's.
type pbkdf2Hash struct {
	digest     digest
	iterations int
	salt, key  []byte
}

// digest is one of the hash functions that PBKDF2 is used with.
type digest struct {
	make func() hash.Hash
	size int
	// work is how long two iterations take, as argon2id's KiB times passes. It is the time without instructions for SHA.
	work uint64
}

func digestOf(name string) (digest, bool) {
	switch name {
	case "sha1":
		return digest{sha1.New, sha1.Size, 1}, true
	case "sha256":
		return digest{sha256.New, sha256.Size, 1}, true
	case "sha512":
		return digest{sha512.New, sha512.Size, 2}, true
	}
	return digest{}, false
}

// maxTextSaltBytes is the longest salt of a foreign hash in which the salt is text.
const maxTextSaltBytes = 128

// parseDjango reads pbkdf2_sha256$ITERATIONS$SALT$KEY, with the key in base64.
func parseDjango(stored string) (foreignHash, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 4 {
		return nil, errFormat
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[3])
	if err != nil {
		return nil, errFormat
	}
	return newPBKDF2(strings.TrimPrefix(parts[0], "pbkdf2_"), parts[1], parts[2], key)
}

// parsePBKDF2 reads Werkzeug's pbkdf2:sha256:ITERATIONS$SALT$KEY, with the key in hexadecimal.
func parsePBKDF2(stored string) (foreignHash, error) {
	method, salt, key, err := splitWerkzeug(stored)
	if err != nil || len(method) != 3 {
		return nil, errFormat
	}
	return newPBKDF2(method[1], method[2], salt, key)
}

func newPBKDF2(digestName, iterations, salt string, key []byte) (foreignHash, error) {
	d, known := digestOf(digestName)
	n, ok := number(iterations)
	switch {
	case !known, !ok, len(key) != d.size, salt == "", len(salt) > maxTextSaltBytes:
		return nil, errFormat
	case n > maxIterations:
		return nil, tooDear("%d iterations; at most %d are allowed", n, maxIterations)
	}
	return pbkdf2Hash{digest: d, iterations: n, salt: []byte(salt), key: key}, nil
}

func (h pbkdf2Hash) matches(text string) bool {
	key, err := pbkdf2.Key(h.digest.make, text, h.salt, h.iterations, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

func (h pbkdf2Hash) cost(today Params) cost {
	return newCost(1, uint64(h.iterations)*h.digest.work/2, today)
}

// splitWerkzeug reads METHOD$SALT$KEY, where the method has parts with colons between them, and the key is hexadecimal.
func splitWerkzeug(stored string) (method []string, salt string, key []byte, err error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 3 {
		return nil, "", nil, errFormat
	}
	key, err = hex.DecodeString(parts[2])
	return strings.Split(parts[0], ":"), parts[1], key, err
}

// number reads a whole number from 1 to 2³¹-1 in its one spelling.
func number(text string) (int, bool) {
	n, err := strconv.ParseInt(text, 10, 32)
	return int(n), err == nil && n > 0 && strconv.FormatInt(n, 10) == text
}
