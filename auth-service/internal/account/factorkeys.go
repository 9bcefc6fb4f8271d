package account

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"tallygate/auth-service/internal/totp"
)

// The labels separate these uses of the secret from each other and from any other (RFC 5869 section 3.2).
const (
	factorLabel   = "tallygate second factor v1"
	factorIDLabel = "tallygate second factor key id v1"
)

const factorKeyIDBytes = 8

// FactorKeyID names a key without giving it away. A sealed secret begins with it.
type FactorKeyID [factorKeyIDBytes]byte

// FactorKeys seal the secrets of second factors (AES-256-GCM), so that a reader of the database, or of a back-up, has none. They
// are derived from a secret that is rotated. Service.SealAgain moves what is stored to the newest key. Safe for concurrent use.
type FactorKeys struct {
	current atomic.Pointer[[]factorKey] // the first seals
}

type factorKey struct {
	id   FactorKeyID
	aead cipher.AEAD
}

// NewFactorKeys derives the keys from secrets. The first secret is the one in force.
func NewFactorKeys(secrets []string) (*FactorKeys, error) {
	k := &FactorKeys{}
	return k, k.Replace(secrets)
}

// Replace puts new secrets in force. The keys of before are still tried until the process ends: what is stored may not have
// been moved yet.
func (k *FactorKeys) Replace(secrets []string) error {
	var list []factorKey
	for _, secret := range secrets {
		key, err := newFactorKey(secret)
		if err != nil {
			return fmt.Errorf("key of second factors: %w", err)
		}
		list = append(list, key)
	}
	if len(list) == 0 {
		return errors.New("key of second factors: no secret")
	}
	if before := k.current.Load(); before != nil {
		for _, old := range *before {
			if !slices.ContainsFunc(list, func(key factorKey) bool { return key.id == old.id }) {
				list = append(list, old)
			}
		}
	}
	k.current.Store(&list)
	return nil
}

func newFactorKey(secret string) (key factorKey, err error) {
	raw, err := hkdf.Key(sha256.New, []byte(secret), nil, factorLabel, sha256.Size)
	if err != nil {
		return key, err
	}
	id, err := hkdf.Key(sha256.New, []byte(secret), nil, factorIDLabel, factorKeyIDBytes)
	if err != nil {
		return key, err
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key, err
	}
	key.id = FactorKeyID(id)
	key.aead, err = cipher.NewGCM(block)
	return key, err
}

// newest is the key that seals.
func (k *FactorKeys) newest() factorKey { return (*k.current.Load())[0] }

// Newest names the key that seals.
func (k *FactorKeys) Newest() FactorKeyID { return k.newest().id }

// seal encrypts a user's secret. It cannot be moved to another user.
func (k *FactorKeys) seal(userID int64, s totp.Secret, random io.Reader) ([]byte, error) {
	key := k.newest()
	nonce := make([]byte, key.aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("random bytes: %w", err)
	}
	return key.aead.Seal(slices.Concat(key.id[:], nonce), nonce, s[:], factorOwner(userID)), nil
}

// open decrypts a user's secret. The error is ErrFactorLost if none of the keys has sealed it.
func (k *FactorKeys) open(userID int64, sealed []byte) (s totp.Secret, err error) {
	for _, key := range *k.current.Load() {
		rest, ok := bytes.CutPrefix(sealed, key.id[:])
		if !ok || len(rest) < key.aead.NonceSize() {
			continue
		}
		nonce, text := rest[:key.aead.NonceSize()], rest[key.aead.NonceSize():]
		if raw, err := key.aead.Open(nil, nonce, text, factorOwner(userID)); err == nil && len(raw) == len(s) {
			return totp.Secret(raw), nil
		}
	}
	return s, ErrFactorLost
}

func factorOwner(userID int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(userID))
}
