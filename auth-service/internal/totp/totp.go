// Package totp makes and checks the one-time codes of authenticator apps: RFC 6238 with SHA-1, 6 digits and steps of 30
// seconds, which is what all of them take.
//
// It refuses to know whose codes they are, where secrets are kept, and which codes were used before: Match gets the last one.
package totp

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238: HMAC-SHA-1, which collisions of SHA-1 do not weaken
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// SecretBytes is the length of a secret: 160 bits, as RFC 4226 section 4 recommends.
const SecretBytes = 20

const (
	// Period is how long a step lasts.
	Period = 30 * time.Second
	// Digits is the length of a code.
	Digits  = 6
	modulus = 1_000_000
	// window is how many steps a clock may be ahead or behind (RFC 6238 section 5.2).
	window = 1
)

// Secret is what the app and this service share.
type Secret [SecretBytes]byte

// NewSecret draws a secret.
func NewSecret(random io.Reader) (s Secret, err error) {
	if _, err := io.ReadFull(random, s[:]); err != nil {
		return Secret{}, fmt.Errorf("random bytes: %w", err)
	}
	return s, nil
}

// Text is the secret as people type it into an app: base32 without padding.
func (s Secret) Text() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(s[:])
}

// String hides the secret from logs and formatted errors.
func (Secret) String() string { return "[one-time code secret]" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "[one-time code secret]" }

// URI is the secret as apps read it from a link or a QR code, with the names that they show. It has the settings that many
// apps ignore, for those that do not.
func (s Secret) URI(issuer, name string) string {
	escape := func(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d",
		escape(issuer), escape(name), s.Text(), escape(issuer), Digits, int(Period/time.Second))
}

// Match returns the latest step near now that the code belongs to and that comes after last. The caller has to remember it as
// the last one: a code is good once (RFC 6238 section 5.2). The time that it takes does not depend on the code.
func (s Secret) Match(code string, now time.Time, last int64) (step int64, ok bool) {
	at := now.Unix() / int64(Period/time.Second)
	for candidate := at - window; candidate <= at+window; candidate++ {
		equal := subtle.ConstantTimeCompare([]byte(code), []byte(s.code(candidate)))
		if equal == 1 && candidate > last {
			step, ok = candidate, true
		}
	}
	return step, ok
}

// code is HOTP with the step as the counter (RFC 4226 section 5.3).
func (s Secret) code(step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, s[:])
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", Digits, number%modulus)
}
