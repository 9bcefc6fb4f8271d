// Package issuer signs access tokens. Nothing else in the workspace signs.
//
// It refuses to know who may have a token: package account decides that.
package issuer

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Config is what all tokens have in common.
type Config struct {
	Issuer   string
	Audience string
	TTL      time.Duration // cut to whole seconds
	Random   io.Reader     // crypto/rand if nil
}

// Subject is the user of a token, and the session or the API key that it stands for.
type Subject struct {
	UserID     int64
	SessionID  string
	Generation int64
	Role       string // empty for ordinary users
	// KeyID is the API key. The session is then named after it, for verifiers that want one. 0: the token is one of a session.
	KeyID int64
	// Until, if not zero, is the end of the token, unless it lives shorter anyway.
	Until time.Time
	// Link is the second half of the token's id. It ties the token to the refresh token that it is issued with, or to the
	// secret of the key that it is issued for.
	Link [8]byte
}

// Issuer signs tokens. Safe for concurrent use.
type Issuer struct {
	cfg Config
	key atomic.Pointer[Key]
}

// claims are those of RFC 7519 and our own. Times are whole seconds, so that exp - iat is exactly the lifetime.
type claims struct {
	Issuer     string `json:"iss"`
	Audience   string `json:"aud"`
	Subject    string `json:"sub"`
	IssuedAt   int64  `json:"iat"`
	ExpiresAt  int64  `json:"exp"`
	ID         string `json:"jti"`
	SessionID  string `json:"sid"`
	Generation int64  `json:"gen"`
	Role       string `json:"role,omitempty"`
	Key        string `json:"key,omitempty"`
	jwt.Claims `json:"-"`
}

// New returns an Issuer that signs with key.
func New(cfg Config, key Key) *Issuer {
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	i := &Issuer{cfg: cfg}
	i.Replace(key)
	return i
}

// Replace signs with another key from now on. The verifiers have to know it already.
func (i *Issuer) Replace(key Key) { i.key.Store(&key) }

// TTL is how long tokens live.
func (i *Issuer) TTL() time.Duration { return i.cfg.TTL.Truncate(time.Second) }

// Expiry is when a token ends that is issued now for s. It is in whole seconds.
func (i *Issuer) Expiry(s Subject, now time.Time) time.Time {
	end := now.Truncate(time.Second).Add(i.TTL())
	if until := s.Until.Truncate(time.Second); !s.Until.IsZero() && until.Before(end) {
		end = until
	}
	return end.UTC()
}

// Issue signs a token for s. Its lifetime begins now.
func (i *Issuer) Issue(s Subject, now time.Time) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(i.cfg.Random, id[:len(id)-len(s.Link)]); err != nil {
		return "", fmt.Errorf("random bytes: %w", err)
	}
	copy(id[len(id)-len(s.Link):], s.Link[:])
	unsigned := claims{
		Issuer: i.cfg.Issuer, Audience: i.cfg.Audience, Subject: strconv.FormatInt(s.UserID, 10),
		IssuedAt: now.Unix(), ExpiresAt: i.Expiry(s, now).Unix(),
		ID: base64.RawURLEncoding.EncodeToString(id[:]), SessionID: s.SessionID, Generation: s.Generation, Role: s.Role,
	}
	if s.KeyID != 0 {
		unsigned.Key = strconv.FormatInt(s.KeyID, 10)
		unsigned.SessionID = "key-" + unsigned.Key
	}
	key := i.key.Load()
	signable := jwt.NewWithClaims(key.method, unsigned)
	signable.Header["kid"] = key.id
	signed, err := signable.SignedString(key.secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return signed, nil
}
