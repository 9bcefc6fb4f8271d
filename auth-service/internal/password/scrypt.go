package password

import (
	"crypto/subtle"
	"math/bits"

	"golang.org/x/crypto/scrypt"
)

// scryptHash is a foreign hash of Werkzeug's. Its parameters have the names that RFC 7914 gives them.
type scryptHash struct {
	n, r, p   int
	salt, key []byte
}

// scryptWork is how long scrypt takes for two KiB, as argon2id's KiB times passes.
const scryptWork = 9

// Bounds of scrypt's parameters. Libraries take 8 and 1.
const (
	maxScryptBlocks  = 32
	maxScryptThreads = 16
)

// parseScrypt reads scrypt:N:R:P$SALT$KEY, with the key in hexadecimal.
func parseScrypt(stored string) (foreignHash, error) {
	method, salt, key, err := splitWerkzeug(stored)
	if err != nil || len(method) != 4 || salt == "" || len(salt) > maxTextSaltBytes || len(key) < minKeyBytes || len(key) > maxKeyBytes {
		return nil, errFormat
	}
	n, okN := number(method[1])
	r, okR := number(method[2])
	p, okP := number(method[3])
	h := scryptHash{n: n, r: r, p: p, salt: []byte(salt), key: key}
	switch {
	case !okN, !okR, !okP, n < 2, bits.OnesCount(uint(n)) != 1:
		return nil, errFormat
	case r > maxScryptBlocks, p > maxScryptThreads:
		return nil, tooDear("scrypt with r=%d and p=%d; at most %d and %d are allowed", r, p, maxScryptBlocks, maxScryptThreads)
	case h.kib() > maxImportedMemoryKiB:
		return nil, tooDear("%d KiB of memory; at most %d are allowed", h.kib(), maxImportedMemoryKiB)
	case h.kib()*uint64(p) > maxImportedWork:
		return nil, tooDear("%d KiB of memory in %d threads; the two multiplied may be %d", h.kib(), p, maxImportedWork)
	}
	return h, nil
}

// kib is the memory that the hash takes: N blocks of 128 bytes times R.
func (h scryptHash) kib() uint64 { return max(uint64(h.n)*uint64(h.r)/8, 1) }

func (h scryptHash) matches(text string) bool {
	key, err := scrypt.Key([]byte(text), h.salt, h.n, h.r, h.p, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}

func (h scryptHash) cost(today Params) cost {
	return newCost(uint32(h.kib()), h.kib()*uint64(h.p)*scryptWork/2, today)
}
