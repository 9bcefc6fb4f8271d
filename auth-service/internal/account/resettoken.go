package account

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"time"
)

// resetLife is how long a reset token can be used.
const resetLife = time.Hour

const (
	// resetPrefix lets people and secret scanners recognise a leaked token.
	resetPrefix     = "tgr_"
	resetTokenBytes = 32
)

// ResetToken is a secret with which a user sets a new password, once, without the old one. Only its hash is stored.
type ResetToken struct {
	text      string
	ExpiresAt time.Time
}

// Text is the token as its user sees it.
func (t ResetToken) Text() string { return t.text }

// Link is the address of the console at which people use the token. The token stands behind the #, which browsers do not send, so
// that no log has it. publicURL is the console's address, without a slash at its end; without one there is no link.
func (t ResetToken) Link(publicURL string) string {
	if publicURL == "" {
		return ""
	}
	return publicURL + "/#reset=" + t.text
}

// String hides the token from logs and formatted errors.
func (ResetToken) String() string { return "[reset token]" }

// GoString hides the token from %#v.
func (ResetToken) GoString() string { return "[reset token]" }

// Reset is what is stored of a user's reset token. The zero value is none.
type Reset struct {
	Hash      ResetHash
	ExpiresAt time.Time
}

// ResetHash is a plain hash of a reset token: the token holds 256 random bits, it is no password.
type ResetHash [sha256.Size]byte

// hashOfReset takes whatever a client sent: a text that is no reset token is one that nobody has.
func hashOfReset(text string) ResetHash { return sha256.Sum256([]byte(text)) }

// newReset makes a token.
func (s *Service) newReset(now time.Time) (ResetToken, Reset, error) {
	var b [resetTokenBytes]byte
	if _, err := io.ReadFull(s.cfg.Random, b[:]); err != nil {
		return ResetToken{}, Reset{}, fmt.Errorf("random bytes: %w", err)
	}
	token := ResetToken{text: resetPrefix + base64.RawURLEncoding.EncodeToString(b[:]), ExpiresAt: now.Add(resetLife)}
	return token, Reset{Hash: hashOfReset(token.text), ExpiresAt: token.ExpiresAt}, nil
}

// takes reports whether the token with this hash may set the user's password now.
func (u User) takes(hash ResetHash, now time.Time) bool {
	return !u.Disabled && u.Reset.Hash == hash && now.Before(u.Reset.ExpiresAt)
}
