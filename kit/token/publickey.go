package token

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms that tokens can be signed with (RFC 7518 section 3.1, RFC 8037 section 3.1).
const (
	HS256 = "HS256"
	EdDSA = "EdDSA" // with Ed25519 only
	ES256 = "ES256"
)

// PublicKey verifies tokens and cannot make one. Its kind decides the algorithm: EdDSA for Ed25519, ES256 for P-256. The
// zero value is no key.
type PublicKey struct {
	id, alg string
	members string // the required members of its JWK, in the order of RFC 7638 section 3.2, without the braces
	ed      ed25519.PublicKey
	ec      *ecdsa.PublicKey
}

var errKind = errors.New("is neither an Ed25519 key nor one of the curve P-256")

// NewPublicKey takes an ed25519.PublicKey or an *ecdsa.PublicKey of the curve P-256, and refuses keys under which anybody
// can sign.
func NewPublicKey(public any) (PublicKey, error) {
	var k PublicKey
	switch public := public.(type) {
	case ed25519.PublicKey:
		if err := checkPoint(public); err != nil {
			return k, err
		}
		k = PublicKey{alg: EdDSA, ed: slices.Clone(public), members: `"crv":"Ed25519","kty":"OKP","x":"` + encode(public) + `"`}
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return k, errKind
		}
		point, err := public.Bytes() // refuses points that are not on the curve
		if err != nil {
			return k, errors.New("is not a point of the curve P-256")
		}
		x, y := encode(point[1:33]), encode(point[33:])
		k = PublicKey{alg: ES256, ec: public, members: `"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"`}
	default:
		return k, errKind
	}
	sum := sha256.Sum256([]byte("{" + k.members + "}"))
	k.id = encode(sum[:])
	return k, nil
}

// ID is the key's kid: its thumbprint (RFC 7638).
func (k PublicKey) ID() string { return k.id }

// Algorithm is the only one that the key verifies.
func (k PublicKey) Algorithm() string { return k.alg }

// JWK is the key as a JSON Web Key (RFC 7517).
func (k PublicKey) JWK() string {
	return fmt.Sprintf(`{"alg":%q,%s,"kid":%q,"use":"sig"}`, k.alg, k.members, k.id)
}

// JWKS is a set of keys (RFC 7517 section 5).
func JWKS(keys []PublicKey) []byte {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.JWK()
	}
	return []byte(`{"keys":[` + strings.Join(list, ",") + `]}`)
}

// verify reports whether the key's owner signed text.
func (k PublicKey) verify(text string, signature []byte) bool {
	if k.alg == EdDSA {
		return jwt.SigningMethodEdDSA.Verify(text, signature, k.ed) == nil
	}
	return jwt.SigningMethodES256.Verify(text, signature, k.ec) == nil
}

// isIn reports whether a secret is something that everybody can compute from the public key.
func (k PublicKey) isIn(secret string) bool {
	var raw []byte
	if k.alg == EdDSA {
		raw = k.ed
	} else {
		raw, _ = k.ec.Bytes() // NewPublicKey has tried it
	}
	for _, form := range publicForms(raw, k) {
		if strings.Contains(secret, form) {
			return true
		}
	}
	return false
}

func publicForms(raw []byte, k PublicKey) []string {
	forms := []string{k.id, string(raw), encode(raw), fmt.Sprintf("%x", raw), fmt.Sprintf("%X", raw), base64.StdEncoding.EncodeToString(raw)}
	if k.alg == ES256 {
		x := raw[1:33]
		forms = append(forms, string(x), encode(x), fmt.Sprintf("%x", x), base64.StdEncoding.EncodeToString(x))
	}
	var public any = k.ed
	if k.alg == ES256 {
		public = k.ec
	}
	if der, err := x509.MarshalPKIXPublicKey(public); err == nil {
		forms = append(forms, string(der), base64.StdEncoding.EncodeToString(der))
	}
	return forms
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// checkPoint refuses Ed25519 keys of small order, under which a signature is easy to find for any text, and encodings that
// are not canonical (RFC 8032 section 5.1.3).
func checkPoint(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return errors.New("is not 32 bytes long")
	}
	y := slices.Clone(key)
	y[31] &= 0x7f
	slices.Reverse(y) // from here on the most significant byte is the first
	prime := slices.Concat([]byte{0x7f}, slices.Repeat([]byte{0xff}, 30), []byte{0xed})
	if slices.Compare(y, prime) >= 0 {
		return errors.New("is not in its canonical form")
	}
	slices.Reverse(y)
	if slices.Contains(smallOrder(), encode(y)) {
		return errors.New("is of small order: anybody can sign with it")
	}
	return nil
}

// smallOrder are the y coordinates of the eight points of small order: of order 1, 2, 4, and two of order 8.
func smallOrder() []string {
	return []string{
		"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"7P_______________________________________38",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
		"xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
	}
}
