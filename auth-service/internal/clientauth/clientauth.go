// Package clientauth checks the credential of services that ask whether a token is good (RFC 7662 section 2.1).
//
// It refuses to know what they ask. The credential is of no use for anything else: it is none of the secrets of tokens or of
// gateways.
package clientauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"tallygate/kit/token"
)

// Secrets are the accepted credentials: one, or several during a rotation. With none nobody is let in. Safe for concurrent
// use.
type Secrets struct {
	current atomic.Pointer[[][sha256.Size]byte]
}

// New takes a secret, or several separated by commas. An empty text has none.
func New(secrets string) (*Secrets, error) {
	s := &Secrets{}
	return s, s.Replace(secrets)
}

// Replace puts new secrets in force. On an error the old ones stay.
func (s *Secrets) Replace(secrets string) error {
	list := [][sha256.Size]byte{}
	for _, one := range token.SplitSecrets(secrets) {
		if err := token.CheckSecret(one); err != nil {
			return fmt.Errorf("INTROSPECTION_SECRET: %w", err)
		}
		list = append(list, sha256.Sum256([]byte(one)))
	}
	s.current.Store(&list)
	return nil
}

// On reports whether there is a secret.
func (s *Secrets) On() bool { return len(*s.current.Load()) > 0 }

// Check reports, in constant time, whether a request brings one of the secrets: as a bearer (RFC 6750 section 2.1), or as the
// password of Basic under any client id (RFC 6749 section 2.3.1). More than one Authorization field is refused.
func (s *Secrets) Check(r *http.Request) bool {
	if len(r.Header.Values("Authorization")) != 1 {
		return false
	}
	if _, password, ok := r.BasicAuth(); ok {
		decoded, err := url.QueryUnescape(password) // clients encode it as in a form
		return s.holds(password) || err == nil && s.holds(decoded)
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && s.holds(strings.TrimLeft(secret, " "))
}

func (s *Secrets) holds(secret string) bool {
	sum, good := sha256.Sum256([]byte(secret)), 0
	for _, want := range *s.current.Load() {
		good |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	return good == 1
}
