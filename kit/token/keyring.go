package token

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/golang-jwt/jwt/v5"
)

// key is one key that tokens may be signed with: a secret, or a public key. It has exactly one algorithm.
type key struct {
	id     string
	alg    string
	secret []byte // for HS256
	public PublicKey
	name   string // what an error calls it
}

// made reports whether the key's owner signed text.
func (k *key) made(text string, signature []byte) bool {
	if k.alg == HS256 {
		return jwt.SigningMethodHS256.Verify(text, signature, k.secret) == nil
	}
	return k.public.verify(text, signature)
}

// keys is one state of a Keyring. It never changes.
type keys struct {
	list    []key // the secrets first
	public  []PublicKey
	version uint64
}

// signed reports whether one of the keys signed a token. The key decides which algorithm is right, never the token: what
// the header says has to be the key's own. If kid names a public key, only that key is tried. If it names a secret, that one is
// tried first and the other secrets next. A kid that names no key changes nothing.
func (k *keys) signed(h header, text string, signature []byte) bool {
	named := slices.IndexFunc(k.list, func(one key) bool { return one.id == h.kid })
	if named >= 0 {
		one := &k.list[named]
		if one.alg == h.alg && one.made(text, signature) {
			return true
		}
		if one.alg != HS256 || h.alg != HS256 {
			return false
		}
	}
	for i := range k.list {
		if one := &k.list[i]; i != named && one.alg == h.alg && one.made(text, signature) {
			return true
		}
	}
	return false
}

// Keyring holds the keys that tokens are verified with: secrets, the one that signs and others during a rotation, and
// public keys. Replace swaps all of them at once. Safe for concurrent use.
type Keyring struct {
	current  atomic.Pointer[keys]
	versions atomic.Uint64
	allowed  func(secret string) error // nil: every good secret is
}

// NewKeyring checks the keys and returns a ring of them. Errors name the variable that is at fault.
func NewKeyring(secret string, others []string, public ...PublicKey) (*Keyring, error) {
	k := &Keyring{}
	if err := k.Replace(secret, others, public...); err != nil {
		return nil, err
	}
	return k, nil
}

// Replace puts a new set of keys in force. Without public keys there has to be a secret. On an error the old set stays. A
// [Cache] verifies again what it remembers from the old set.
func (k *Keyring) Replace(secret string, others []string, public ...PublicKey) error {
	set := &keys{public: withoutRepeats(public)}
	switch {
	case secret != "" || len(public) == 0:
		if err := k.add(set, secret, "JWT_SECRET"); err != nil {
			return err
		}
	case len(others) > 0:
		return errors.New("JWT_OTHER_SECRETS: is set without JWT_SECRET: set both, or neither if tokens are signed with a private key")
	}
	for i, other := range others {
		if err := k.add(set, other, fmt.Sprintf("JWT_OTHER_SECRETS: entry %d", i+1)); err != nil {
			return err
		}
	}
	for _, one := range set.public {
		set.list = append(set.list, key{id: one.id, alg: one.alg, public: one, name: "JWT_PUBLIC_KEYS"})
	}
	set.version = k.versions.Add(1)
	k.current.Store(set)
	return nil
}

// add adds a secret to set unless set has it.
func (k *Keyring) add(set *keys, secret, name string) error {
	err := CheckSecret(secret)
	if err == nil && slices.ContainsFunc(set.public, func(one PublicKey) bool { return one.isIn(secret) }) {
		err = errors.New("is a public key, which everybody may know; use random bytes (openssl rand -hex 32 makes some)")
	}
	if err == nil && k.allowed != nil {
		err = k.allowed(secret)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(set.list) == 0 || secret != string(set.list[0].secret) {
		set.list = append(set.list, key{id: KeyID(secret), alg: HS256, secret: []byte(secret), name: name})
	}
	return nil
}

// PublicKeys are the public keys in force. Do not change the list.
func (k *Keyring) PublicKeys() []PublicKey { return k.current.Load().public }

// Len is how many keys are in force.
func (k *Keyring) Len() int { return len(k.current.Load().list) }

// Restrict makes Replace refuse the secrets for which allowed returns an error, and returns the error if a secret in force is
// one of them. It is called before the ring is shared between goroutines.
func (k *Keyring) Restrict(allowed func(secret string) error) error {
	k.allowed = allowed
	for _, one := range k.current.Load().list {
		if one.alg != HS256 {
			continue
		}
		if err := allowed(string(one.secret)); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

// Holds reports whether secret is in force, by itself or inside a longer one, as an entry of a list.
func (k *Keyring) Holds(secret string) bool {
	for _, one := range k.current.Load().list {
		if one.alg == HS256 && (string(one.secret) == secret || slices.Contains(SplitSecrets(string(one.secret)), secret)) {
			return true
		}
	}
	return false
}
