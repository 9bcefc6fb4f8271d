package account

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync/atomic"
)

// nameLabel separates this use of the secret from any other (RFC 5869 section 3.2).
const nameLabel = "tallygate user name in logs v1"

// nameHashBytes is how much of a hash is shown: enough that no two names of an installation share one.
const nameHashBytes = 16

// NameHash stands for user names in logs. The same name gives the same text, so operators see that one account is under
// attack. Who does not have the secret cannot find out which, not even by trying names. Safe for concurrent use.
type NameHash struct {
	key atomic.Pointer[[]byte]
}

// NewNameHash derives the key from a secret.
func NewNameHash(secret string) (*NameHash, error) {
	h := &NameHash{}
	return h, h.Replace(secret)
}

// Replace puts a new secret in force. Names get other hashes then.
func (h *NameHash) Replace(secret string) error {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, nameLabel, sha256.Size)
	if err != nil {
		return fmt.Errorf("key of user names in logs: %w", err)
	}
	h.key.Store(&key)
	return nil
}

// Of is the hash of a name as a client sent it, in hexadecimal. All spellings of one name have the same.
func (h *NameHash) Of(name string) string {
	if prepared, err := PrepareName(name); err == nil {
		name = prepared
	}
	mac := hmac.New(sha256.New, *h.key.Load())
	mac.Write([]byte(name))
	return hex.EncodeToString(mac.Sum(nil)[:nameHashBytes])
}
