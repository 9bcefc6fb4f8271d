package internalapi

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"

	"tallygate/kit/token"
)

// label separates this use of the secret from any other (RFC 5869 section 3.2).
const label = "tallygate private listener v1"

// Bearer is the credential that a gateway sends and auth-service checks. Both derive it from INTERNAL_SECRET, so that the
// secret itself never travels. Safe for concurrent use.
type Bearer struct {
	current atomic.Pointer[[]string] // the first is sent, all are accepted
	tokens  *token.Keyring           // may not hold one of the secrets; nil: not looked at
}

// NewBearer derives the credential. During a rotation secret may hold several secrets, separated by commas: the first is
// sent, all are accepted. Each has to pass token.CheckSecret.
func NewBearer(secret string) (*Bearer, error) {
	b := &Bearer{}
	if err := b.Replace(secret); err != nil {
		return nil, err
	}
	return b, nil
}

// Replace puts new secrets in force. On an error the old ones stay.
func (b *Bearer) Replace(secret string) error {
	var headers []string
	for _, one := range token.SplitSecrets(secret) {
		if err := token.CheckSecret(one); err != nil {
			return fmt.Errorf("INTERNAL_SECRET: %w", err)
		}
		if b.tokens != nil && b.tokens.Holds(one) {
			return fmt.Errorf("INTERNAL_SECRET: %w", errShared)
		}
		header, err := derive(one)
		if err != nil {
			return fmt.Errorf("INTERNAL_SECRET: %w", err)
		}
		headers = append(headers, header)
	}
	if len(headers) == 0 {
		return fmt.Errorf("INTERNAL_SECRET: %w", token.CheckSecret(""))
	}
	b.current.Store(&headers)
	return nil
}

// derive returns the Authorization field that proves a secret.
func derive(secret string) (string, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, label, 32)
	return "Bearer " + base64.RawURLEncoding.EncodeToString(key), err
}

// Len is how many secrets are accepted.
func (b *Bearer) Len() int { return len(*b.current.Load()) }

// Header is the value of the Authorization field to send.
func (b *Bearer) Header() string { return (*b.current.Load())[0] }

// Check reports, in constant time, whether an Authorization field holds one of the credentials.
func (b *Bearer) Check(header string) bool {
	scheme, rest, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	good := 0
	for _, want := range *b.current.Load() {
		good |= subtle.ConstantTimeCompare([]byte("Bearer "+rest), []byte(want))
	}
	return good == 1
}
