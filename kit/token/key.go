package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
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
	if strings.Contains(secret, "-----BEGIN ") || strings.Contains(secret, `"kty"`) {
		return errors.New("is a key in PEM or a JWK: a secret is random bytes (openssl rand -hex 32 makes some), and public keys " +
			"go into JWT_PUBLIC_KEYS_FILE")
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
