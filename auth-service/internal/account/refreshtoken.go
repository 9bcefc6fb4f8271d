package account

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
)

// RefreshToken is an opaque secret that is exchanged, once, for a new pair of tokens.
type RefreshToken struct {
	secret [32]byte
}

// RefreshHash is what is stored of a refresh token.
type RefreshHash [sha256.Size]byte

// refreshPrefix lets people and secret scanners tell what a leaked string is.
const refreshPrefix = "tgr_"

// parseRefreshToken reads what a client sent. Only the one spelling that is issued is taken.
func parseRefreshToken(text string) (RefreshToken, error) {
	var t RefreshToken
	encoded, ok := strings.CutPrefix(text, refreshPrefix)
	if !ok || base64.RawURLEncoding.DecodedLen(len(encoded)) != len(t.secret) {
		return t, ErrRefused
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != len(t.secret) {
		return t, ErrRefused
	}
	copy(t.secret[:], raw)
	return t, nil
}

func newRefreshToken(random io.Reader) (RefreshToken, error) {
	var t RefreshToken
	if _, err := io.ReadFull(random, t.secret[:]); err != nil {
		return t, fmt.Errorf("random bytes: %w", err)
	}
	return t, nil
}

// Text is the token as clients see it.
func (t RefreshToken) Text() string {
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(t.secret[:])
}

// String hides the token from logs and formatted errors.
func (RefreshToken) String() string { return "[refresh token]" }

// GoString hides the token from %#v.
func (RefreshToken) GoString() string { return "[refresh token]" }

// hash is what is stored. A plain hash is enough: the token is 256 random bits, not a password.
func (t RefreshToken) hash() RefreshHash { return sha256.Sum256(t.secret[:]) }

// refreshLabel separates this use of the secret from any other (RFC 5869 section 3.2).
const refreshLabel = "tallygate refresh token v1"

// RefreshKeys derive a refresh token's child from it, always the same one: so a child can be given a second time yet is
// never stored, and who reads the database can derive none. Safe for concurrent use.
type RefreshKeys struct {
	current atomic.Pointer[[][]byte] // the first derives; the others are remembered during a rotation
}

// NewRefreshKeys derives the keys from secrets, the first of which is the one in force.
func NewRefreshKeys(secrets []string) (*RefreshKeys, error) {
	k := &RefreshKeys{}
	return k, k.Replace(secrets)
}

// Replace puts new secrets in force. A child that was derived under an old one that is no longer in the list cannot be
// given again.
func (k *RefreshKeys) Replace(secrets []string) error {
	var list [][]byte
	for _, secret := range secrets {
		derived, err := hkdf.Key(sha256.New, []byte(secret), nil, refreshLabel, sha256.Size)
		if err != nil {
			return fmt.Errorf("refresh key: %w", err)
		}
		list = append(list, derived)
	}
	if len(list) == 0 {
		return errors.New("refresh key: no secret")
	}
	k.current.Store(&list)
	return nil
}

// child derives the token that parent is exchanged for.
func (k *RefreshKeys) child(parent RefreshToken) RefreshToken {
	return deriveChild((*k.current.Load())[0], parent)
}

// childKnownAs derives the child again whose hash is known, under whichever key made it.
func (k *RefreshKeys) childKnownAs(parent RefreshToken, hash RefreshHash) (RefreshToken, bool) {
	for _, key := range *k.current.Load() {
		if child := deriveChild(key, parent); child.hash() == hash {
			return child, true
		}
	}
	return RefreshToken{}, false
}

func deriveChild(key []byte, parent RefreshToken) RefreshToken {
	mac := hmac.New(sha256.New, key)
	mac.Write(parent.secret[:])
	return RefreshToken{secret: [32]byte(mac.Sum(nil))}
}
