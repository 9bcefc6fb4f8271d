package issuer

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"tallygate/kit/token"
)

// Key signs tokens.
type Key struct {
	id     string
	method jwt.SigningMethod
	secret any
	public token.PublicKey
}

// SecretKey signs with HS256 and a secret, which token.NewKeyring has checked.
func SecretKey(secret string) Key {
	return Key{id: token.KeyID(secret), method: jwt.SigningMethodHS256, secret: []byte(secret)}
}

// ParseKey reads a private key: PKCS#8 in PEM. alg is EdDSA, for an Ed25519 key, or ES256, for one of the curve P-256. Errors
// show nothing of the key.
func ParseKey(alg, text string) (Key, error) {
	block, rest := pem.Decode([]byte(strings.TrimSpace(text)))
	switch {
	case block == nil || len(rest) > 0 || !strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN"):
		return Key{}, errors.New("is not one block of PEM, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----")
	case block.Type == "PUBLIC KEY":
		return Key{}, errors.New("is a public key, which cannot sign")
	case block.Type != "PRIVATE KEY":
		return Key{}, fmt.Errorf("is of the type %q, not PRIVATE KEY (PKCS#8 without a password)", block.Type)
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, errors.New("is not PKCS#8")
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return Key{}, errors.New("cannot sign")
	}
	public, err := token.NewPublicKey(signer.Public())
	if err != nil {
		return Key{}, err
	}
	if public.Algorithm() != alg {
		return Key{}, fmt.Errorf("is a key for %s, and TOKEN_ALG is %s", public.Algorithm(), alg)
	}
	return Key{id: public.ID(), method: jwt.GetSigningMethod(alg), secret: private, public: public}, nil
}

// ID is the kid of the tokens.
func (k Key) ID() string { return k.id }

// Algorithm is that of the tokens.
func (k Key) Algorithm() string { return k.method.Alg() }

// Public returns the key that verifies the tokens. A secret has none: the list is empty.
func (k Key) Public() []token.PublicKey {
	if k.public.ID() == "" {
		return nil
	}
	return []token.PublicKey{k.public}
}
