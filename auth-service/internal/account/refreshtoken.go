package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// RefreshToken is a secret that is exchanged, once, for a new pair of tokens. It names its session and carries a seal.
// The seal shows that the token was issued, so spent tokens need not be stored: a client that refreshes in a loop leaves
// no more behind than one that does not. Opaque to clients.
type RefreshToken struct {
	session string
	secret  [32]byte
	seal    [16]byte
}

// RefreshHash is what is stored of a refresh token.
type RefreshHash [sha256.Size]byte

// TokenLink ties an access token to the refresh token that it was issued with. It is in the access token's id, and says
// nothing about the refresh token to those who do not have it.
type TokenLink [8]byte

// LinkOf reads the link in the id of an access token. An id without one, of an older version, has a link to nothing.
func LinkOf(tokenID string) TokenLink {
	var link TokenLink
	raw, err := base64.RawURLEncoding.Strict().DecodeString(tokenID)
	if err == nil && len(raw) > len(link) {
		copy(link[:], raw[len(raw)-len(link):])
	}
	return link
}

// link is the one to the token with this hash.
func (h RefreshHash) link() TokenLink { return TokenLink(h[:len(TokenLink{})]) }

// Link is for the access token that is issued with this refresh token.
func (t RefreshToken) Link() TokenLink { return t.hash().link() }

// refreshPrefix lets people and secret scanners recognise a leaked token.
const refreshPrefix = "tgr_"

// parseRefreshToken reads what a client sent. Only the spelling that is issued is accepted.
func parseRefreshToken(text string) (RefreshToken, error) {
	var t RefreshToken
	rest, ok := strings.CutPrefix(text, refreshPrefix)
	const sealed = len(t.secret) + len(t.seal)
	if !ok || len(rest) != sessionIDLength+base64.RawURLEncoding.EncodedLen(sealed) || !isSessionID(rest[:sessionIDLength]) {
		return t, ErrRefused
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(rest[sessionIDLength:])
	if err != nil || len(raw) != sealed {
		return t, ErrRefused
	}
	t.session = rest[:sessionIDLength]
	copy(t.secret[:], raw)
	copy(t.seal[:], raw[len(t.secret):])
	return t, nil
}

// newRefreshToken makes the first token of a session.
func newRefreshToken(key refreshKey, session string, random io.Reader) (RefreshToken, error) {
	var secret [32]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return RefreshToken{}, fmt.Errorf("random bytes: %w", err)
	}
	return key.token(session, secret), nil
}

// Text is the token as clients see it.
func (t RefreshToken) Text() string {
	return refreshPrefix + t.session + base64.RawURLEncoding.EncodeToString(append(t.secret[:], t.seal[:]...))
}

// String hides the token from logs and formatted errors.
func (RefreshToken) String() string { return "[refresh token]" }

// GoString hides the token from %#v.
func (RefreshToken) GoString() string { return "[refresh token]" }

// hash is what is stored. A plain hash is enough: the token holds 256 random bits, it is no password.
func (t RefreshToken) hash() RefreshHash { return sha256.Sum256([]byte(t.Text())) }

// refreshKey holds the keys that are derived from one secret.
type refreshKey struct{ derive, seal []byte }

// token seals a secret for a session.
func (k refreshKey) token(session string, secret [32]byte) RefreshToken {
	t := RefreshToken{session: session, secret: secret}
	mac := hmac.New(sha256.New, k.seal)
	mac.Write([]byte(session))
	mac.Write(secret[:])
	copy(t.seal[:], mac.Sum(nil))
	return t
}

// made reports whether the key has sealed the token.
func (k refreshKey) made(t RefreshToken) bool {
	want := k.token(t.session, t.secret)
	return hmac.Equal(t.seal[:], want.seal[:])
}

// child derives the token that parent is exchanged for.
func (k refreshKey) child(parent RefreshToken) RefreshToken {
	mac := hmac.New(sha256.New, k.derive)
	mac.Write([]byte(parent.Text()))
	return k.token(parent.session, [32]byte(mac.Sum(nil)))
}
