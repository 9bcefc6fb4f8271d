package account

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// The labels separate these uses of the secret from each other and from any other (RFC 5869 section 3.2).
const (
	deriveLabel = "tallygate refresh token v1"
	sealLabel   = "tallygate refresh token seal v1"
)

// RefreshKeys derive a refresh token's child from it, always the same one. So a child can be given a second time though it
// is never stored, and a reader of the database cannot derive any. Safe for concurrent use.
type RefreshKeys struct {
	current atomic.Pointer[[]refreshKey] // the first makes tokens; the others are remembered during a rotation
}

// NewRefreshKeys derives the keys from secrets. The first secret is the one in force.
func NewRefreshKeys(secrets []string) (*RefreshKeys, error) {
	k := &RefreshKeys{}
	return k, k.Replace(secrets)
}

// Replace puts new secrets in force. A secret that is no longer in the list is forgotten: a child that was derived under
// it cannot be given again, and a spent token that was sealed under it is refused without ending its session.
func (k *RefreshKeys) Replace(secrets []string) error {
	var list []refreshKey
	for _, secret := range secrets {
		var one refreshKey
		var errs [2]error
		one.derive, errs[0] = hkdf.Key(sha256.New, []byte(secret), nil, deriveLabel, sha256.Size)
		one.seal, errs[1] = hkdf.Key(sha256.New, []byte(secret), nil, sealLabel, sha256.Size)
		if err := errors.Join(errs[:]...); err != nil {
			return fmt.Errorf("refresh key: %w", err)
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return errors.New("refresh key: no secret")
	}
	k.current.Store(&list)
	return nil
}

// first makes the first token of a session.
func (k *RefreshKeys) first(session string, random io.Reader) (RefreshToken, error) {
	return newRefreshToken((*k.current.Load())[0], session, random)
}

// child derives the token that parent is exchanged for.
func (k *RefreshKeys) child(parent RefreshToken) RefreshToken {
	return (*k.current.Load())[0].child(parent)
}

// childKnownAs derives the child with that hash again, under whichever key made it.
func (k *RefreshKeys) childKnownAs(parent RefreshToken, hash RefreshHash) (RefreshToken, bool) {
	for _, key := range *k.current.Load() {
		if child := key.child(parent); child.hash() == hash {
			return child, true
		}
	}
	return RefreshToken{}, false
}

// made reports whether one of the keys has sealed the token. If so, it was the session's token once.
func (k *RefreshKeys) made(t RefreshToken) bool {
	for _, key := range *k.current.Load() {
		if key.made(t) {
			return true
		}
	}
	return false
}
