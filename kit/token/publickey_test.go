package token_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

// The key and its thumbprint are from RFC 8037, appendix A.2 and A.3.
func TestTheKidIsTheThumbprintOfTheKey(t *testing.T) {
	t.Parallel()
	keys, err := token.ParsePublicKeys(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"another"}`)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"alg":"EdDSA","crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",` +
		`"kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig"}`
	if got := keys[0].JWK(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPublicKeysAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	one, other := tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)
	for name, text := range map[string]string{
		"PEM":             one.PublicPEM() + "\n" + other.PublicPEM(),
		"PEM, one twice":  one.PublicPEM() + other.PublicPEM() + one.PublicPEM(),
		"PEM with CRLF":   strings.ReplaceAll(one.PublicPEM()+other.PublicPEM(), "\n", "\r\n"),
		"JWKS":            string(token.JWKS([]token.PublicKey{one.Public, other.Public})),
		"JWKS, one twice": string(token.JWKS([]token.PublicKey{one.Public, other.Public, one.Public})),
		"JWKS with more":  `{"x":1,"keys":[` + one.Public.JWK() + `,` + strings.Replace(other.Public.JWK(), "{", `{"key_ops":["verify"],"x5t":"y",`, 1) + `]}`,
	} {
		got, err := token.ParsePublicKeys(text)
		if err != nil || len(got) != 2 || got[0].ID() != one.Public.ID() || got[1].ID() != other.Public.ID() {
			t.Errorf("%s: got %d keys, %v", name, len(got), err)
		}
	}
	for _, none := range []string{"", " \n", `{"keys":[]}`} {
		if got, err := token.ParsePublicKeys(none); err != nil || len(got) != 0 {
			t.Errorf("%q: got %d keys, %v", none, len(got), err)
		}
	}
}

func TestWhatIsNoPublicKeyForTokensIsRefused(t *testing.T) {
	t.Parallel()
	edwards, curve := tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	x25519, err2 := ecdh.X25519().GenerateKey(rand.Reader)
	rsaKey, err3 := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	member := func(jwk, from, to string) string { return strings.Replace(jwk, from, to, 1) }
	jwk, ecJWK := edwards.Public.JWK(), curve.Public.JWK()
	for name, row := range map[string]struct{ text, says string }{
		"private key":               {edwards.PEM(), "private"},
		"private key after another": {curve.PublicPEM() + edwards.PEM(), "key 2 is a private key"},
		"private JWK":               {member(jwk, "{", `{"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",`), "private"},
		"secret as a JWK":           {`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, "JWT_SECRET"},
		"P-384":                     {publicPEM(t, p384.Public()), "P-256"},
		"X25519":                    {publicPEM(t, x25519.PublicKey()), "Ed25519"},
		"RSA":                       {publicPEM(t, rsaKey.Public()), "Ed25519"},
		"Ed448":                     {member(jwk, "Ed25519", "Ed448"), "Ed25519"},
		"secp256k1":                 {member(ecJWK, "P-256", "secp256k1"), "P-256"},
		"an EC key as OKP":          {member(ecJWK, `"EC"`, `"OKP"`), "P-256"},
		"not on the curve":          {ecWithX(ecJWK), "curve"},
		"short":                     {`{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`, "32 bytes"},
		"alg of another kind":       {member(jwk, "EdDSA", "ES256"), "alg"},
		"alg HS256":                 {member(jwk, "EdDSA", "HS256"), "alg"},
		"for encryption":            {member(jwk, `"sig"`, `"enc"`), "use"},
		"for signing":               {member(jwk, "{", `{"key_ops":["sign"],`), "use"},
		"a member twice":            {member(jwk, "{", `{"kty":"OKP",`), "twice"},
		"certificate":               {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})), "CERTIFICATE"},
		"cut":                       {edwards.PublicPEM()[:60], "PEM"},
		"cut after a whole key":     {curve.PublicPEM() + edwards.PublicPEM()[:60], "PEM"},
		"words before a key":        {"the key:\n" + edwards.PublicPEM(), "PEM"},
		"a secret":                  {secret, "PEM"},
		"half a JWKS":               {`{"keys":[` + jwk, "JWKS"},
		"a list":                    {`[` + jwk + `]`, "PEM"},
		"keys is no list":           {`{"keys":1}`, "JWKS"},
		"17 keys":                   {strings.Repeat(edwards.PublicPEM(), 17), "17 keys"},
	} {
		got, err := token.ParsePublicKeys(row.text)
		if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %d keys, %v, want an error that says %q", name, len(got), err, row.says)
		} else if strings.Contains(err.Error(), "nWGxne") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

// ecWithX is an EC key with another x, which is on the curve for half of all x and never with this y.
func ecWithX(jwk string) string {
	at := strings.Index(jwk, `"x":"`) + len(`"x":"`)
	return jwk[:at] + strings.Repeat("A", 42) + "E" + jwk[at+43:]
}

func publicPEM(t *testing.T, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// Under these keys one signature is good for many texts.
func TestKeysUnderWhichAnybodyCanSignAreRefused(t *testing.T) {
	t.Parallel()
	for _, point := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		// not canonical: y is not below 2^255 - 19
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0100000000000000000000000000000000000000000000000000000000000080",
	} {
		raw, err := hex.DecodeString(point)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := token.NewPublicKey(ed25519.PublicKey(raw)); err == nil {
			t.Errorf("%s was accepted", point)
		}
	}
}

func TestAPublicKeyIsNoSecret(t *testing.T) {
	t.Parallel()
	for _, key := range []*tokentest.Key{tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)} {
		forms := key.PublicForms()
		forms["with a word before it"] = "secret-" + base64.RawURLEncoding.EncodeToString([]byte(forms["raw"]))
		for name, form := range forms {
			if _, err := token.NewKeyring(form, nil, key.Public); err == nil && name != "nothing" {
				t.Errorf("%s: was taken as JWT_SECRET", name)
			}
			if _, err := token.NewKeyring(secret, []string{form}, key.Public); err == nil {
				t.Errorf("%s: was taken as one of JWT_OTHER_SECRETS", name)
			}
		}
	}
}

func TestWithoutSecretAndKeysThereIsNoRing(t *testing.T) {
	t.Parallel()
	key := tokentest.NewKey(token.EdDSA)
	if _, err := token.NewKeyring("", nil); err == nil || !strings.Contains(err.Error(), "JWT_SECRET") {
		t.Errorf("nothing: got %v", err)
	}
	if _, err := token.NewKeyring("", []string{otherSecret}, key.Public); err == nil || !strings.Contains(err.Error(), "JWT_OTHER_SECRETS") {
		t.Errorf("other secrets alone: got %v", err)
	}
}

func TestAWithdrawnPublicKeyVerifiesNothingThatIsRemembered(t *testing.T) {
	t.Parallel()
	old, next := tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)
	v, ring := newVerifier(t, at(noon))
	cache := token.NewCache(v, 10)
	p := params()
	made := map[string]string{"HS256": p.Token()}
	p.Key = old
	made["EdDSA"] = p.Token()
	p.Key = next
	made["ES256"] = p.Token()
	for _, step := range []struct {
		secret string
		public []token.PublicKey
		good   string
	}{
		{secret, nil, "HS256"},
		{secret, []token.PublicKey{old.Public}, "HS256 EdDSA"},
		{"", []token.PublicKey{old.Public}, "EdDSA"},
		{"", []token.PublicKey{next.Public, old.Public}, "EdDSA ES256"},
		{"", []token.PublicKey{next.Public}, "ES256"},
	} {
		if err := ring.Replace(step.secret, nil, step.public...); err != nil {
			t.Fatal(err)
		}
		for alg, raw := range made {
			for range 2 { // the second time it may be remembered
				if _, err := cache.Verify(raw); (err == nil) != strings.Contains(step.good, alg) {
					t.Errorf("%s, with %s in force: got %v", alg, step.good, err)
				}
			}
		}
	}
}

func FuzzParsePublicKeys(f *testing.F) {
	for _, key := range []*tokentest.Key{tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)} {
		f.Add(key.PublicPEM())
		f.Add(key.Public.JWK())
		f.Add(string(token.JWKS([]token.PublicKey{key.Public})))
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := token.ParsePublicKeys(text)
		if err != nil {
			return
		}
		again, err := token.ParsePublicKeys(string(token.JWKS(keys)))
		if err != nil || len(again) != len(keys) {
			t.Errorf("%q: our own JWKS has %d keys of %d: %v", text, len(again), len(keys), err)
		}
	})
}
