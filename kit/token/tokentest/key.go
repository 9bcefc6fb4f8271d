package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"

	"tallygate/kit/token"
)

// Key is a private key, and what the services have of it.
type Key struct {
	Private crypto.Signer
	Public  token.PublicKey
}

// NewKey makes a key for EdDSA or ES256.
func NewKey(alg string) *Key {
	var private crypto.Signer
	if alg == token.EdDSA {
		_, private = must2(ed25519.GenerateKey(rand.Reader))
	} else {
		private = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	}
	return &Key{private, must(token.NewPublicKey(private.Public()))}
}

// PEM is the private key as PKCS#8, for auth-service.
func (k *Key) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(k.Private))}))
}

// DER is the public key as it is in a PEM file.
func (k *Key) DER() []byte { return must(x509.MarshalPKIXPublicKey(k.Private.Public())) }

// PublicPEM is the public key, for the other services.
func (k *Key) PublicPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.DER()}))
}

// Sign makes a compact JWS of the two JSON texts as they are.
func (k *Key) Sign(header, claims string) string {
	signed := b64(header) + "." + b64(claims)
	return signed + "." + b64(string(k.signature(signed)))
}

func (k *Key) signature(text string) []byte {
	private, ok := k.Private.(*ecdsa.PrivateKey)
	if !ok {
		return must(k.Private.Sign(rand.Reader, []byte(text), crypto.Hash(0)))
	}
	sum := sha256.Sum256([]byte(text))
	r, s := fromDER(must(private.Sign(rand.Reader, sum[:], crypto.SHA256)))
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func fromDER(der []byte) (r, s *big.Int) {
	var parts struct{ R, S *big.Int }
	must(asn1.Unmarshal(der, &parts))
	return parts.R, parts.S
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // a mistake in the test, as in mustJSON
	}
	return v
}

func must2[A, B any](a A, b B, err error) (A, B) { return a, must(b, err) }
