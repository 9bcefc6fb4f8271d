// Package tokentest holds the one list of good and bad tokens. The verifier, math-service and the gateway are tested
// with it, so that all of them accept and refuse the same.
//
// It is for tests only: it signs, and in a running product only auth-service may sign.
package tokentest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"strings"
	"time"

	"tallygate/kit/token"
)

// Params are the key and the names that the part under test is configured with.
type Params struct {
	Secret, Issuer, Audience string
	Key                      *Key // signs instead of Secret, unless it is nil
	MaxLife                  time.Duration
	Now                      time.Time
	UserID                   string // sub, of a user who exists
	SessionID                string // sid
	Generation               int64  // gen
	// TrapURL is put into jku and x5u. Nothing may ever call it.
	TrapURL string
}

// Vector is one request's Authorization fields, and whether they have to be accepted.
type Vector struct {
	Name          string
	Authorization []string
	Accept        bool
}

// Claims are good claims. A test may change them.
func (p Params) Claims() map[string]any {
	return map[string]any{
		"iss": p.Issuer, "aud": p.Audience, "sub": p.UserID, "iat": p.Now.Unix(), "exp": p.Now.Add(p.MaxLife).Unix(),
		"jti": "a-token", "sid": p.SessionID, "gen": p.Generation,
	}
}

// Token is a good token.
func (p Params) Token() string { return p.sign(p.Claims()) }

// TokenWith is a good token with the claims changed: a nil value removes one.
func (p Params) TokenWith(changes map[string]any) string {
	claims := p.Claims()
	for name, value := range changes {
		if value == nil {
			delete(claims, name)
			continue
		}
		claims[name] = value
	}
	return p.sign(claims)
}

const goodHeader = `{"alg":"HS256","typ":"JWT"}`

func (p Params) sign(claims map[string]any) string {
	return p.Sign(goodHeader, mustJSON(claims))
}

// Sign makes a token of the two JSON texts. Instead of HS256 the header gets the key's algorithm.
func (p Params) Sign(header, claims string) string {
	return p.signAs(strings.ReplaceAll(header, "HS256", p.alg()), claims)
}

// signAs makes a token of the two JSON texts as they are, whatever alg the header has.
func (p Params) signAs(header, claims string) string {
	if p.Key == nil {
		return Sign(p.Secret, header, claims)
	}
	return p.Key.Sign(header, claims)
}

func (p Params) alg() string {
	if p.Key == nil {
		return token.HS256
	}
	return p.Key.Public.Algorithm()
}

// Sign makes a compact JWS of the two JSON texts as they are. It signs with HMAC-SHA-256, whatever alg the header has.
func Sign(secret, header, claims string) string {
	return signWith(sha256.New, secret, header, claims)
}

func signWith(h func() hash.Hash, secret, header, claims string) string {
	signed := b64(header) + "." + b64(claims)
	mac := hmac.New(h, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + b64(string(mac.Sum(nil)))
}

func sign384(secret, header, claims string) string {
	return signWith(sha512.New384, secret, header, claims)
}

func sign512(secret, header, claims string) string {
	return signWith(sha512.New, secret, header, claims)
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test's own claims: a mistake in the test
	}
	return string(text)
}
