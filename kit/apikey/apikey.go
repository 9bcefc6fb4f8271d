package apikey

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// A key is Prefix, 30 random characters, and their checksum in 6. `\btg_[0-9A-Za-z]{36}\b` finds keys in a text.
const (
	Prefix = "tg_"
	Length = len(Prefix) + randomLength + checkLength

	randomLength = 30 // more than 178 bits
	checkLength  = 6
	base         = 62
	alphabet     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// New makes a key of random bytes. Each of the 30 characters is any of the alphabet, with the same chance.
func New(random io.Reader) (string, error) {
	key := make([]byte, 0, Length)
	key = append(key, Prefix...)
	// The largest multiple of 62 in a byte: the bytes from there on would make some characters more likely than others.
	const fair = 256 / base * base
	var bytes [2 * randomLength]byte
	for len(key) < len(Prefix)+randomLength {
		if _, err := io.ReadFull(random, bytes[:]); err != nil {
			return "", fmt.Errorf("random bytes: %w", err)
		}
		for _, b := range bytes {
			if b < fair && len(key) < len(Prefix)+randomLength {
				key = append(key, alphabet[b%base])
			}
		}
	}
	check := checksum(string(key[len(Prefix):]))
	return string(append(key, check[:]...)), nil
}

// checksum is the CRC-32 of the random characters as a number of base 62, the most significant digit first.
func checksum(random string) [checkLength]byte {
	// Spelled out, because crc32.ChecksumIEEE makes its argument escape to the heap, and a gateway calls this for each key.
	sum := ^uint32(0)
	for i := range len(random) {
		sum = crc32.IEEETable[byte(sum)^random[i]] ^ sum>>8
	}
	sum = ^sum
	var digits [checkLength]byte
	for i := checkLength - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%base]
		sum /= base
	}
	return digits
}

// Valid reports whether text has the form of a key, with the right checksum. It allocates nothing. A text that is not valid
// was never a key.
func Valid(text string) bool {
	if len(text) != Length || text[:len(Prefix)] != Prefix {
		return false
	}
	random := text[len(Prefix) : len(Prefix)+randomLength]
	for i := range len(random) {
		if c := random[i]; !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	check := checksum(random)
	return text[len(Prefix)+randomLength:] == string(check[:])
}

// Claims reports whether text begins as a key does: it is meant as one, and is no token.
func Claims(text string) bool { return strings.HasPrefix(text, Prefix) }

// Digest is the SHA-256 of a key: all that is kept of it, and all that travels between services. A plain hash is enough: a key
// holds 178 random bits, it is no password.
type Digest [sha256.Size]byte

// Hash is the digest of a key. It allocates nothing.
func Hash(key string) Digest {
	var text [Length]byte
	if len(key) != len(text) {
		return sha256.Sum256([]byte(key))
	}
	copy(text[:], key)
	return sha256.Sum256(text[:])
}

// String is the digest in base64url without padding, as services write it.
func (d Digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

var errDigest = errors.New("is no SHA-256 in base64url without padding")

// ParseDigest reads what String writes, and no other spelling.
func ParseDigest(text string) (Digest, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(Digest{}) || strings.ContainsAny(text, "\r\n") {
		return Digest{}, errDigest
	}
	return Digest(raw), nil
}
