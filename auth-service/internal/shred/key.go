package shred

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
)

// KeyBytes is the length of a key.
const KeyBytes = 32

// Key is a person's key, of AES-256-GCM.
type Key [KeyBytes]byte

// NewKey makes a random key.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k[:]) // it never fails
	return k
}

// String hides the key from logs and formatted errors.
func (Key) String() string { return "[key]" }

// GoString hides the key from %#v.
func (Key) GoString() string { return "[key]" }

// Place is where a sealed value stands. A value that was moved to another place does not open.
type Place struct {
	Row    int64
	Person int64  // whose key it is
	Member string // what the value is in the row
}

// placeLabel separates these values from anything else that might be sealed under the same key.
const placeLabel = "tallygate audit value v1"

// bytes differ for every two places: what comes before the last part has a fixed length.
func (p Place) bytes() []byte {
	b := append([]byte(placeLabel), 0)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Row))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Person))
	return append(b, p.Member...)
}

// ErrNotOpened means that a value was not sealed with this key for this place, or was changed since.
var ErrNotOpened = errors.New("the sealed value does not open")

// Seal encrypts a value for a place. The nonce is random, 96 bits: of 2^32 values under one key, two have the same with a
// chance of 2^-33 (NIST SP 800-38D section 8.3).
func (k Key) Seal(at Place, value []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, value, at.bytes()), nil //nolint:gosec // aead makes the nonce
}

// Open returns a value that Seal made; ErrNotOpened.
func (k Key) Open(at Place, sealed []byte) ([]byte, error) {
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	value, err := aead.Open(nil, nil, sealed, at.bytes())
	if err != nil {
		return nil, ErrNotOpened
	}
	return value, nil
}

// aead puts the nonce in front of what it seals.
func (k Key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
