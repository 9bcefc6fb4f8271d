package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// MinSecretBytes is the least length of a secret (RFC 7518 section 3.2).
const MinSecretBytes = 32

// minDistinctBytes keeps out secrets like "aaaa…". Random ones hold far more different bytes, in any encoding.
const minDistinctBytes = 8

// exampleWords are in secrets that people copy from examples and forget to change. In 32 random bytes, written in
// hexadecimal or base64, such a word practically never occurs.
func exampleWords() []string {
	return []string{
		"changeme", "change-me", "change_me", "replaceme", "replace-me", "replace_me", "placeholder", "example",
		"your-secret", "your_secret", "yoursecret", "your-256", "your_256", "your-jwt", "your_jwt",
		"a-string-secret-at-least-256-bits-long",
	}
}

// CheckSecret refuses a secret that is too short, too plain, or known from examples. The error never holds the secret.
func CheckSecret(secret string) error {
	if len(secret) < MinSecretBytes {
		return fmt.Errorf("is %d bytes long; at least %d random bytes are needed (openssl rand -hex 32 makes some)",
			len(secret), MinSecretBytes)
	}
	var seen [256]bool
	distinct := 0
	for i := range len(secret) {
		if !seen[secret[i]] {
			seen[secret[i]] = true
			distinct++
		}
	}
	if distinct < minDistinctBytes {
		return errors.New("repeats a few characters; use random bytes (openssl rand -hex 32 makes some)")
	}
	lower := strings.ToLower(secret)
	for _, word := range exampleWords() {
		if strings.Contains(lower, word) {
			return errors.New("is known from examples; use random bytes (openssl rand -hex 32 makes some)")
		}
	}
	return nil
}

// KeyID is the kid of a secret. It is derived one way: it names the key and reveals nothing of it.
func KeyID(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("tallygate kid v1"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:9])
}

// key is one secret that tokens may be signed with.
type key struct {
	id     string
	secret []byte
	name   string // what an error calls it
}

// keys is one state of a Keyring. It never changes.
type keys struct {
	list    []key
	version uint64
}

// Keyring holds the secrets that tokens are verified with: the one that signs, and others during a rotation. Replace
// swaps all of them at once. Safe for concurrent use.
type Keyring struct {
	current  atomic.Pointer[keys]
	versions atomic.Uint64
	allowed  func(secret string) error // nil: every good secret is
}

// NewKeyring checks the secrets and returns a ring of them. Errors name the variable that is at fault.
func NewKeyring(secret string, others []string) (*Keyring, error) {
	k := &Keyring{}
	if err := k.Replace(secret, others); err != nil {
		return nil, err
	}
	return k, nil
}

// Replace puts a new set of secrets in force. On an error the old set stays. A [Cache] verifies again what it remembers
// from the old set.
func (k *Keyring) Replace(secret string, others []string) error {
	set := &keys{}
	if err := k.add(set, secret, "JWT_SECRET"); err != nil {
		return err
	}
	for i, other := range others {
		if err := k.add(set, other, fmt.Sprintf("JWT_OTHER_SECRETS: entry %d", i+1)); err != nil {
			return err
		}
	}
	set.version = k.versions.Add(1)
	k.current.Store(set)
	return nil
}

// add adds a secret to set unless set has it.
func (k *Keyring) add(set *keys, secret, name string) error {
	err := CheckSecret(secret)
	if err == nil && k.allowed != nil {
		err = k.allowed(secret)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(set.list) == 0 || secret != string(set.list[0].secret) {
		set.list = append(set.list, key{id: KeyID(secret), secret: []byte(secret), name: name})
	}
	return nil
}

// Restrict makes Replace refuse the secrets for which allowed returns an error, and returns the error if a secret in force is
// one of them. It is called before the ring is shared between goroutines.
func (k *Keyring) Restrict(allowed func(secret string) error) error {
	k.allowed = allowed
	for _, one := range k.current.Load().list {
		if err := allowed(string(one.secret)); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

// Holds reports whether secret is in force, by itself or inside a longer one, as an entry of a list.
func (k *Keyring) Holds(secret string) bool {
	for _, one := range k.current.Load().list {
		if string(one.secret) == secret || slices.Contains(SplitSecrets(string(one.secret)), secret) {
			return true
		}
	}
	return false
}

// SplitSecrets reads the comma-separated form of JWT_OTHER_SECRETS. It drops empty entries and trims white
// space around entries.
func SplitSecrets(list string) []string {
	var secrets []string
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			secrets = append(secrets, entry)
		}
	}
	return secrets
}
