package tokentest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"tallygate/kit/token"
)

// keyAttacks are tokens of somebody who has no key of ours, and does with public keys what one can.
func keyAttacks(p Params) []Vector {
	all := foreignKeys(p)
	if p.Key == nil {
		return all
	}
	all = append(all, one("kid names the key", p.Sign(fmt.Sprintf(`{"alg":"HS256","kid":%q}`, p.Key.Public.ID()), mustJSON(p.Claims())), true))
	all = append(all, publicAsSecret(p)...)
	all = append(all, bringsGoodKey(p)...)
	if p.alg() == token.EdDSA {
		return append(all, edwardsAttacks(p)...)
	}
	return append(all, ecdsaAttacks(p)...)
}

// foreignKeys are tokens that bring or name the attacker's key.
func foreignKeys(p Params) []Vector {
	claims := mustJSON(p.Claims())
	var all []Vector
	for _, alg := range []string{token.EdDSA, token.ES256} {
		foreign := NewKey(alg)
		kid, jwk := foreign.Public.ID(), foreign.Public.JWK()
		if p.Key != nil {
			kid = p.Key.Public.ID()
		}
		for name, members := range map[string]string{
			"alone": "", "under our kid": fmt.Sprintf(`,"kid":%q`, kid), "under its own kid": fmt.Sprintf(`,"kid":%q`, foreign.Public.ID()),
			"in jwk":       `,"jwk":` + jwk,
			"in jwk, kid":  fmt.Sprintf(`,"kid":%q,"jwk":%s`, kid, jwk),
			"named by jku": fmt.Sprintf(`,"jku":%q`, p.TrapURL), "named by x5u": fmt.Sprintf(`,"x5u":%q`, p.TrapURL),
			"in x5c": fmt.Sprintf(`,"x5c":[%q]`, base64.StdEncoding.EncodeToString(foreign.DER())),
		} {
			all = append(all, one(alg+" with a key of somebody else, "+name, foreign.Sign(fmt.Sprintf(`{"alg":%q,"typ":"JWT"%s}`, alg, members), claims), false))
		}
	}
	return all
}

// bringsGoodKey are tokens of ours that also bring or name a key. auth-service makes none.
func bringsGoodKey(p Params) []Vector {
	var all []Vector
	for name, value := range map[string]string{
		"jwk": p.Key.Public.JWK(), "jku": mustJSON(p.TrapURL), "x5u": mustJSON(p.TrapURL),
		"x5c": fmt.Sprintf("[%q]", base64.StdEncoding.EncodeToString(p.Key.DER())),
	} {
		all = append(all, one(name+" with a good signature", p.Sign(fmt.Sprintf(`{"alg":"HS256",%q:%s}`, name, value), mustJSON(p.Claims())), false))
	}
	return all
}

// PublicForms are the texts that anybody can make of a public key, and might try as a secret.
func (k *Key) PublicForms() map[string]string {
	der, text := k.DER(), k.PublicPEM()
	raw := der[len(der)-32:]
	if k.Public.Algorithm() == token.ES256 {
		raw = der[len(der)-65:]
	}
	return map[string]string{
		"PEM": text, "PEM without the last line end": strings.TrimSpace(text), "PEM with CRLF": strings.ReplaceAll(text, "\n", "\r\n"),
		"DER": string(der), "DER in base64": base64.StdEncoding.EncodeToString(der), "DER in hexadecimal": hex.EncodeToString(der),
		"raw": string(raw), "raw in base64": base64.StdEncoding.EncodeToString(raw), "raw in base64url": b64(string(raw)),
		"raw in hexadecimal": hex.EncodeToString(raw), "raw without its first byte": string(raw[1:]), "the x of P-256": string(raw[1 : 1+min(32, len(raw)-1)]),
		"JWK": k.Public.JWK(), "JWKS": string(token.JWKS([]token.PublicKey{k.Public})), "kid": k.Public.ID(), "nothing": "",
	}
}

func publicAsSecret(p Params) []Vector {
	claims := mustJSON(p.Claims())
	var all []Vector
	for name, secret := range p.Key.PublicForms() {
		for _, alg := range []string{token.HS256, p.alg()} {
			for _, kid := range []string{"", fmt.Sprintf(`,"kid":%q`, p.Key.Public.ID()), fmt.Sprintf(`,"kid":%q`, token.KeyID(secret))} {
				header := fmt.Sprintf(`{"alg":%q,"typ":"JWT"%s}`, alg, kid)
				all = append(all, one("the public key as a secret: "+name+", "+header, Sign(secret, header, claims), false))
			}
		}
		all = append(all, one("the public key as a secret for HS512: "+name, sign512(secret, `{"alg":"HS512"}`, claims), false))
	}
	return all
}

// withSignature is a token of ours under another signature.
func withSignature(p Params, name string, change func(text string, signature []byte) []byte) Vector {
	good := p.Token()
	text := good[:strings.LastIndexByte(good, '.')]
	return one(name, text+"."+b64(string(change(text, p.Key.signature(text)))), false)
}

func edwardsAttacks(p Params) []Vector {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	private, _ := p.Key.Private.(ed25519.PrivateKey)
	plus := func(times int64) func(string, []byte) []byte {
		return func(_ string, signature []byte) []byte {
			s := slices.Clone(signature[32:])
			slices.Reverse(s)
			sum := new(big.Int).Add(new(big.Int).SetBytes(s), new(big.Int).Mul(order, big.NewInt(times)))
			sum.FillBytes(s)
			slices.Reverse(s)
			return append(slices.Clone(signature[:32]), s...)
		}
	}
	return []Vector{
		withSignature(p, "EdDSA with S + L", plus(1)),
		withSignature(p, "EdDSA with S + 2L", plus(2)),
		withSignature(p, "EdDSA with S = 0", func(_ string, sig []byte) []byte { return append(slices.Clone(sig[:32]), make([]byte, 32)...) }),
		withSignature(p, "EdDSA of zeros", func(string, []byte) []byte { return make([]byte, 64) }),
		withSignature(p, "EdDSA with the identity as R", func(_ string, sig []byte) []byte {
			return slices.Concat([]byte{1}, make([]byte, 31), sig[32:])
		}),
		withSignature(p, "EdDSA with the sign of R turned", func(_ string, sig []byte) []byte { sig[31] ^= 0x80; return sig }),
		withSignature(p, "EdDSA with 63 bytes", func(_ string, sig []byte) []byte { return sig[:63] }),
		withSignature(p, "EdDSA with 65 bytes", func(_ string, sig []byte) []byte { return append(sig, 0) }),
		withSignature(p, "Ed25519ph", func(text string, _ []byte) []byte {
			sum := sha512.Sum512([]byte(text))
			return must(private.Sign(rand.Reader, sum[:], &ed25519.Options{Hash: crypto.SHA512}))
		}),
		withSignature(p, "Ed25519ctx", func(text string, _ []byte) []byte {
			return must(private.Sign(rand.Reader, []byte(text), &ed25519.Options{Context: "JWT"}))
		}),
		withSignature(p, "Ed25519 of the hash", func(text string, _ []byte) []byte {
			sum := sha256.Sum256([]byte(text))
			return ed25519.Sign(private, sum[:])
		}),
	}
}

func ecdsaAttacks(p Params) []Vector {
	n := elliptic.P256().Params().N
	private, _ := p.Key.Private.(*ecdsa.PrivateKey)
	numbers := func(r, s *big.Int) func(string, []byte) []byte {
		return func(string, []byte) []byte {
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	zero, unit := new(big.Int), big.NewInt(1)
	der := func(text string, _ []byte) []byte {
		sum := sha256.Sum256([]byte(text))
		return must(private.Sign(rand.Reader, sum[:], crypto.SHA256))
	}
	all := []Vector{
		withSignature(p, "ES256 in DER", der),
		withSignature(p, "ES256 in DER, cut to 64 bytes", func(text string, _ []byte) []byte { return der(text, nil)[:64] }),
		withSignature(p, "ES256 with zeros before r and s", func(_ string, sig []byte) []byte {
			return slices.Concat([]byte{0}, sig[:32], []byte{0}, sig[32:])
		}),
		withSignature(p, "ES256 with 63 bytes", func(_ string, sig []byte) []byte { return sig[:63] }),
		withSignature(p, "ES256 with 65 bytes", func(_ string, sig []byte) []byte { return append(sig, 0) }),
		withSignature(p, "ES256 with r alone", func(_ string, sig []byte) []byte { return sig[:32] }),
		withSignature(p, "ES256 with s before r", func(_ string, sig []byte) []byte { return slices.Concat(sig[32:], sig[:32]) }),
		withSignature(p, "ES256 over another hash", func(text string, _ []byte) []byte {
			sum := sha512.Sum512([]byte(text))
			r, s := fromDER(must(private.Sign(rand.Reader, sum[:], crypto.SHA512)))
			return numbers(r, s)("", nil)
		}),
		withSignature(p, "ES256 with s + n", func(_ string, sig []byte) []byte {
			s := new(big.Int).Add(new(big.Int).SetBytes(sig[32:]), n)
			return append(slices.Clone(sig[:32]), s.Bytes()...)
		}),
		withSignature(p, "ES256 as a DER sequence of zeros", func(string, []byte) []byte {
			return must(asn1.Marshal(struct{ R, S *big.Int }{zero, zero}))
		}),
	}
	for name, pair := range map[string][2]*big.Int{
		"0, 0": {zero, zero}, "0, 1": {zero, unit}, "1, 0": {unit, zero}, "1, 1": {unit, unit}, "n, n": {n, n}, "n, 0": {n, zero}, "n, 1": {n, unit},
	} {
		all = append(all, withSignature(p, "ES256 with r and s "+name, numbers(pair[0], pair[1])))
	}
	return all
}
