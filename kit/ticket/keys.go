package ticket

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
)

// label separates this use of the secret from any other (RFC 5869 section 3.2).
const label = "tallygate ticket v1"

// nonceBytes is the length of the random nonce at the beginning of what NewGCMWithRandomNonce seals.
const nonceBytes = 12

// Keys seal and open tickets. Safe for concurrent use.
type Keys struct {
	current atomic.Pointer[[]cipher.AEAD] // the first seals, all open
}

// NewKeys derives keys from secrets: the one in force, and others during a rotation.
func NewKeys(secrets []string) (*Keys, error) {
	k := &Keys{}
	return k, k.Replace(secrets)
}

// Replace puts new secrets in force. On an error the old ones stay. Tickets that were sealed under a secret that is no
// longer in the list are refused.
func (k *Keys) Replace(secrets []string) error {
	if len(secrets) == 0 {
		return errors.New("ticket key: no secret")
	}
	list := make([]cipher.AEAD, len(secrets))
	for i, secret := range secrets {
		var err error
		if list[i], err = derive(secret); err != nil {
			return fmt.Errorf("ticket key: %w", err)
		}
	}
	k.current.Store(&list)
	return nil
}

func derive(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, label, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
