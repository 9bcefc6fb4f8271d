package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
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

// NewPrivateKey makes a private key, for EdDSA or ES256, in the form that ParseKey reads.
func NewPrivateKey(alg string) (text string, err error) {
	var private crypto.Signer
	switch alg {
	case token.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case token.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("there are no private keys for %s", alg)
	}
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

// ParseKey reads a private key: PKCS#8 in PEM, of Ed25519 for EdDSA, or of the curve P-256 for ES256. Errors show nothing of the
// key.
func ParseKey(text string) (Key, error) {
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
	return Key{id: public.ID(), method: jwt.GetSigningMethod(public.Algorithm()), secret: private, public: public}, nil
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
