package token_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

const (
	secret      = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
	otherSecret = "ffeeddccbbaa99887766554433221100ffeeddcc"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func params() tokentest.Params {
	return tokentest.Params{
		Secret: secret, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: noon,
		UserID: "1", SessionID: "a-session",
	}
}

func newVerifier(t testing.TB, now func() time.Time, others ...string) (*token.Verifier, *token.Keyring) {
	t.Helper()
	ring, err := token.NewKeyring(secret, others)
	if err != nil {
		t.Fatal(err)
	}
	return token.NewVerifier(token.Config{Keys: ring, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: now}), ring
}

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// With both kinds of keys in force, as during a move from one algorithm to another, nothing else is accepted than with one.
func TestEveryVectorIsAcceptedOrRefusedAsListed(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer trap.Close()
	edwards, curve := tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)
	for name, row := range map[string]struct {
		key    *tokentest.Key
		secret string
		public []token.PublicKey
	}{
		"HS256":                 {nil, secret, nil},
		"EdDSA":                 {edwards, "", []token.PublicKey{edwards.Public}},
		"ES256":                 {curve, "", []token.PublicKey{curve.Public}},
		"HS256 beside the keys": {nil, secret, []token.PublicKey{edwards.Public, curve.Public}},
		"EdDSA beside the rest": {edwards, secret, []token.PublicKey{curve.Public, edwards.Public}},
		"ES256 beside the rest": {curve, secret, []token.PublicKey{edwards.Public, curve.Public}},
	} {
		p := params()
		p.Key, p.TrapURL = row.key, trap.URL
		ring, err := token.NewKeyring(row.secret, nil, row.public...)
		if err != nil {
			t.Fatal(err)
		}
		v := token.NewVerifier(token.Config{Keys: ring, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: at(noon)})
		for _, vector := range append(tokentest.Vectors(p), tokentest.SessionVectors(p, true)...) {
			raw, err := token.FromAuthorization(vector.Authorization)
			if err == nil {
				_, err = v.Verify(raw)
			}
			if (err == nil) != vector.Accept {
				t.Errorf("%s: %s: got error %v, want accepted %v", name, vector.Name, err, vector.Accept)
			}
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("a token made the verifier call out %d times", n)
	}
}

func TestEveryChangeOfOneCharacterIsRefused(t *testing.T) {
	t.Parallel()
	v, _ := newVerifier(t, at(noon))
	good := params().Token()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00"
	for i := range len(good) {
		for _, c := range []byte(alphabet) {
			if c == good[i] {
				continue
			}
			if _, err := v.Verify(good[:i] + string(c) + good[i+1:]); err == nil {
				t.Fatalf("accepted with %q at %d", c, i)
			}
		}
		if _, err := v.Verify(good[:i]); err == nil {
			t.Fatalf("accepted when cut at %d", i)
		}
	}
}

func TestClaimsAreReadInFull(t *testing.T) {
	t.Parallel()
	v, _ := newVerifier(t, at(noon))
	p := params()
	p.Generation = 7
	got, err := v.Verify(p.TokenWith(map[string]any{"role": "admin"}))
	if err != nil {
		t.Fatal(err)
	}
	want := token.Claims{
		UserID: 1, IssuedAt: noon, ExpiresAt: noon.Add(time.Hour), ID: "a-token", SessionID: "a-session",
		Generation: 7, HasGeneration: true, Role: "admin",
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestATokenExpiresAtExpAndNotBefore(t *testing.T) {
	t.Parallel()
	good := params().Token()
	for _, row := range []struct {
		after time.Duration
		want  error
	}{
		{0, nil}, {time.Hour - time.Millisecond, nil}, {time.Hour, token.ErrExpired}, {2 * time.Hour, token.ErrExpired},
	} {
		v, _ := newVerifier(t, at(noon.Add(row.after)))
		if _, err := v.Verify(good); !errors.Is(err, row.want) {
			t.Errorf("after %v: got %v, want %v", row.after, err, row.want)
		}
	}
}

func TestAnExpiredTokenWithABadSignatureIsInvalid(t *testing.T) {
	t.Parallel()
	v, _ := newVerifier(t, at(noon.Add(3*time.Hour)))
	good := params().Token()
	if _, err := v.Verify(good[:len(good)-1] + "A"); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

func TestOtherSecretsVerifyUntilTheyAreWithdrawn(t *testing.T) {
	t.Parallel()
	v, ring := newVerifier(t, at(noon), otherSecret)
	cache := token.NewCache(v, 10)
	p := params()
	p.Secret = otherSecret
	old := p.Token()
	if _, err := cache.Verify(old); err != nil {
		t.Fatalf("while listed: %v", err)
	}
	if err := ring.Replace(secret, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Verify(old); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("after the withdrawal, remembered: got %v, want ErrInvalid", err)
	}
	if _, err := v.Verify(old); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("after the withdrawal: got %v, want ErrInvalid", err)
	}
}

func TestAFailedReplaceKeepsTheOldSecrets(t *testing.T) {
	t.Parallel()
	v, ring := newVerifier(t, at(noon))
	if err := ring.Replace("short", nil); err == nil {
		t.Fatal("a short secret was taken")
	}
	if _, err := v.Verify(params().Token()); err != nil {
		t.Errorf("got %v, want the old secret in force", err)
	}
}

func TestTheCacheNeverOutlivesExpAndStaysBounded(t *testing.T) {
	t.Parallel()
	now := noon
	v, _ := newVerifier(t, func() time.Time { return now })
	cache := token.NewCache(v, 4)
	p := params()
	good := p.Token()
	for i := range 100 {
		if _, err := cache.Verify(p.TokenWith(map[string]any{"jti": strings.Repeat("x", i)})); err != nil {
			t.Fatal(err)
		}
		if _, err := cache.Verify(good); err != nil {
			t.Fatal(err)
		}
	}
	if n := cache.Len(); n > 8 {
		t.Errorf("the cache holds %d tokens, want at most 8", n)
	}
	now = noon.Add(time.Hour)
	if _, err := cache.Verify(good); !errors.Is(err, token.ErrExpired) {
		t.Errorf("at exp: got %v, want ErrExpired", err)
	}
}

func TestWeakSecretsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, weak := range []string{
		"", "secret", strings.Repeat("a", 64), "your-256-bit-secret-your-256-bit-secret",
		"changeme-changeme-changeme-0123456789", "a-string-secret-at-least-256-bits-long", secret[:31],
	} {
		if _, err := token.NewKeyring(weak, nil); err == nil || !strings.Contains(err.Error(), "JWT_SECRET") {
			t.Errorf("%q: got %v, want an error that names JWT_SECRET", weak, err)
		}
		if _, err := token.NewKeyring(secret, []string{weak}); err == nil || !strings.Contains(err.Error(), "JWT_OTHER_SECRETS") {
			t.Errorf("%q: got %v, want an error that names JWT_OTHER_SECRETS", weak, err)
		} else if weak != "" && strings.Contains(err.Error(), weak) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	if _, err := token.NewKeyring(secret[:32], nil); err != nil {
		t.Errorf("32 bytes: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	v, _ := newVerifier(f, at(noon))
	good := params().Token()
	f.Add(good)
	for _, vector := range tokentest.Vectors(params()) {
		if len(vector.Authorization) == 1 && len(vector.Authorization[0]) < 2000 {
			f.Add(vector.Authorization[0])
		}
	}
	accepted := map[string]bool{}
	for _, vector := range append(tokentest.Vectors(params()), tokentest.SessionVectors(params(), true)...) {
		if raw, err := token.FromAuthorization(vector.Authorization); err == nil && vector.Accept {
			accepted[raw] = true
		}
	}
	f.Fuzz(func(t *testing.T, field string) {
		raw, err := token.FromAuthorization([]string{field})
		if err != nil {
			return
		}
		// Without the secret nobody makes a token that is not in the list of good ones.
		if _, err := v.Verify(raw); err == nil && !accepted[raw] {
			t.Errorf("accepted %q", raw)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for name, key := range map[string]*tokentest.Key{"HS256": nil, "EdDSA": tokentest.NewKey(token.EdDSA), "ES256": tokentest.NewKey(token.ES256)} {
		v, ring := newVerifier(b, at(noon))
		p := params()
		if p.Key = key; key != nil {
			if err := ring.Replace("", nil, key.Public); err != nil {
				b.Fatal(err)
			}
		}
		cache, good := token.NewCache(v, 100), p.Token()
		b.Run(name+", first sight", func(b *testing.B) {
			for b.Loop() {
				if _, err := v.Verify(good); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+", remembered", func(b *testing.B) {
			for b.Loop() {
				if _, err := cache.Verify(good); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestTokenOfAKeySaysWhich(t *testing.T) {
	t.Parallel()
	v, _ := newVerifier(t, at(noon))
	p := params()
	for raw, want := range map[string]int64{
		p.Token(): 0,
		p.TokenWith(map[string]any{"key": "9223372036854775807", "sid": "key-9223372036854775807"}): 1<<63 - 1,
	} {
		if got, err := v.Verify(raw); err != nil || got.KeyID != want || got.UserID != 1 {
			t.Errorf("got %+v, %v, want the key %d", got, err, want)
		}
	}
}
