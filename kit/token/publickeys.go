package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxPublicKeys bounds how many public keys are in force. A rotation needs two.
const MaxPublicKeys = 16

var errPrivate = errors.New("is a private key: only auth-service may have it, in JWT_SIGNING_KEY_FILE")

// ParsePublicKeys reads public keys: a JWKS, one JWK (RFC 7517), or blocks of PEM ("BEGIN PUBLIC KEY"). Text without
// anything but white space has none. It refuses a text with anything that is not a public key for tokens, most of all
// private keys. Errors say which key is at fault, and show nothing of it.
func ParsePublicKeys(text string) ([]PublicKey, error) {
	text = strings.TrimSpace(text)
	var all []PublicKey
	add := func(key PublicKey, err error) error {
		if err != nil {
			return fmt.Errorf("key %d %w", len(all)+1, err)
		}
		all = append(all, key)
		return nil
	}
	var err error
	switch {
	case text == "":
	case text[0] == '{':
		err = eachJWK([]byte(text), add)
	default:
		err = eachPEM([]byte(text), add)
	}
	if err == nil && len(all) > MaxPublicKeys {
		err = fmt.Errorf("there are %d keys; at most %d are accepted", len(all), MaxPublicKeys)
	}
	if err != nil {
		return nil, err
	}
	return withoutRepeats(all), nil
}

func withoutRepeats(keys []PublicKey) []PublicKey {
	var all []PublicKey
	for _, k := range keys {
		if !slices.ContainsFunc(all, func(known PublicKey) bool { return known.id == k.id }) {
			all = append(all, k)
		}
	}
	return all
}

func eachPEM(text []byte, add func(PublicKey, error) error) error {
	for len(bytes.TrimSpace(text)) > 0 {
		begin := bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN "))
		block, rest := pem.Decode(text)
		if block == nil || !begin {
			return errors.New("the text is neither a JWKS nor blocks of PEM, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----")
		}
		text = rest
		if err := add(parsePEM(block)); err != nil {
			return err
		}
	}
	return nil
}

func parsePEM(block *pem.Block) (PublicKey, error) {
	switch {
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return PublicKey{}, errPrivate
	case block.Type != "PUBLIC KEY":
		return PublicKey{}, fmt.Errorf("is of the type %q, not PUBLIC KEY", block.Type)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, errKind
	}
	return NewPublicKey(public)
}

// eachJWK reads a JWKS, or one JWK.
func eachJWK(text []byte, add func(PublicKey, error) error) error {
	isSet := false
	err := eachMember(text, func(name string, value member) error {
		if name != "keys" {
			return nil
		}
		isSet = true
		return eachElement(value, func(one member) error { return add(parseJWK(one)) })
	})
	switch {
	case errors.Is(err, errMalformed):
		return errors.New("the text is not a JWKS: it is no JSON, or has a name twice")
	case err != nil || isSet:
		return err
	}
	return add(parseJWK(text))
}

// jwk are the members that we look at. The kid is not among them: ours derives from the key.
type jwk struct{ kty, crv, x, y, alg, use string }

func parseJWK(text []byte) (PublicKey, error) {
	var k jwk
	known := map[string]*string{"kty": &k.kty, "crv": &k.crv, "x": &k.x, "y": &k.y, "alg": &k.alg, "use": &k.use}
	private, verifies := false, true
	err := eachMember(text, func(name string, value member) error {
		switch into := known[name]; {
		case into != nil:
			return readString(value, into)
		case name == "key_ops":
			verifies = false
			return eachElement(value, func(one member) error {
				verifies = verifies || string(one) == `"verify"`
				return nil
			})
		case name == "d" || name == "k":
			private = true
		}
		return nil
	})
	switch {
	case err != nil:
		return PublicKey{}, errors.New("is not a JWK (RFC 7517)")
	case k.kty == "oct":
		return PublicKey{}, errors.New("is a secret, not a public key: secrets are in JWT_SECRET")
	case private:
		return PublicKey{}, errPrivate
	case k.use != "" && k.use != "sig", !verifies:
		return PublicKey{}, errors.New("is not for verifying signatures (use, key_ops)")
	}
	key, err := k.key()
	if err == nil && k.alg != "" && k.alg != key.alg {
		return PublicKey{}, fmt.Errorf("says that its alg is %q, and is a key for %s", k.alg, key.alg)
	}
	return key, err
}

func (k jwk) key() (PublicKey, error) {
	x, err := decode(k.x)
	if err != nil {
		return PublicKey{}, errKind
	}
	switch {
	case k.kty == "OKP" && k.crv == "Ed25519":
		return NewPublicKey(ed25519.PublicKey(x))
	case k.kty == "EC" && k.crv == "P-256":
		y, err := decode(k.y)
		if err != nil || len(x) != 32 || len(y) != 32 {
			return PublicKey{}, errKind
		}
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return PublicKey{}, errors.New("is not a point of the curve P-256")
		}
		return NewPublicKey(public)
	}
	return PublicKey{}, errKind
}
