package issuer_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/token"
)

const (
	secret      = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
	otherSecret = "ffeeddccbbaa99887766554433221100ffeeddcc"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 400_000_000, time.UTC)

func newIssuer(ttl time.Duration) *issuer.Issuer {
	return issuer.New(issuer.Config{Issuer: "tallygate", Audience: "clients", TTL: ttl}, issuer.SecretKey(secret))
}

func newVerifier(t *testing.T, ttl time.Duration, secret string) *token.Verifier {
	t.Helper()
	ring, err := token.NewKeyring(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	return token.NewVerifier(token.Config{
		Keys: ring, Issuer: "tallygate", Audience: "clients", MaxLife: ttl, Now: func() time.Time { return noon },
	})
}

func issue(t *testing.T, i *issuer.Issuer, s issuer.Subject) string {
	t.Helper()
	raw, err := i.Issue(s, noon)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTokensVerifyAndSayWhomTheyAreAbout(t *testing.T) {
	t.Parallel()
	i, v := newIssuer(time.Hour), newVerifier(t, time.Hour, secret)
	got, err := v.Verify(issue(t, i, issuer.Subject{UserID: 7, SessionID: "s", Generation: 3, Role: "admin"}))
	if err != nil {
		t.Fatal(err)
	}
	second := noon.Truncate(time.Second)
	want := token.Claims{
		UserID: 7, SessionID: "s", Generation: 3, HasGeneration: true, Role: "admin",
		IssuedAt: second, ExpiresAt: second.Add(time.Hour), ID: got.ID,
	}
	if got != want || len(got.ID) != 22 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A generation of 0 has to be there: a token without one is refused. An ordinary user has no role at all.
func TestZeroClaimsAreWrittenAndTheEmptyRoleIsNot(t *testing.T) {
	t.Parallel()
	parts := strings.Split(issue(t, newIssuer(time.Hour), issuer.Subject{UserID: 7, SessionID: "s"}), ".")
	var header, claims map[string]any
	for n, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[n])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	if header["alg"] != "HS256" || header["typ"] != "JWT" || header["kid"] != token.KeyID(secret) || len(header) != 3 {
		t.Errorf("header is %v", header)
	}
	if _, hasRole := claims["role"]; hasRole || claims["gen"] != 0.0 || claims["sub"] != "7" || len(claims) != 8 {
		t.Errorf("claims are %v", claims)
	}
}

// Times are whole seconds, so that exp - iat is never longer than the verifier accepts.
func TestTheLifetimeIsCutToWholeSeconds(t *testing.T) {
	t.Parallel()
	const ttl = 90*time.Second + 900*time.Millisecond
	i := newIssuer(ttl)
	got, err := newVerifier(t, ttl, secret).Verify(issue(t, i, issuer.Subject{UserID: 7}))
	if err != nil {
		t.Fatal(err)
	}
	if life := got.ExpiresAt.Sub(got.IssuedAt); life != 90*time.Second || i.TTL() != life {
		t.Errorf("got %v and a TTL of %v, want 1m30s", life, i.TTL())
	}
}

func TestAnotherSecretSignsFromReplaceOn(t *testing.T) {
	t.Parallel()
	i := newIssuer(time.Hour)
	before, after := newVerifier(t, time.Hour, secret), newVerifier(t, time.Hour, otherSecret)
	old := issue(t, i, issuer.Subject{UserID: 7})
	i.Replace(issuer.SecretKey(otherSecret))
	renewed := issue(t, i, issuer.Subject{UserID: 7})
	for name, row := range map[string]struct {
		verifier *token.Verifier
		raw      string
		want     error
	}{
		"old token, old secret": {before, old, nil},
		"old token, new secret": {after, old, token.ErrInvalid},
		"new token, old secret": {before, renewed, token.ErrInvalid},
		"new token, new secret": {after, renewed, nil},
	} {
		if _, err := row.verifier.Verify(row.raw); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
	}
}

func TestEveryTokenHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	i, v := newIssuer(time.Hour), newVerifier(t, time.Hour, secret)
	seen := map[string]bool{}
	for range 1000 {
		claims, err := v.Verify(issue(t, i, issuer.Subject{UserID: 7}))
		if err != nil {
			t.Fatal(err)
		}
		seen[claims.ID] = true
	}
	if len(seen) != 1000 {
		t.Errorf("got %d different ids of 1000", len(seen))
	}
}

func TestWithoutRandomBytesThereIsNoToken(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	i := issuer.New(issuer.Config{TTL: time.Hour, Random: iotest.ErrReader(broken)}, issuer.SecretKey(secret))
	if raw, err := i.Issue(issuer.Subject{UserID: 7}, noon); !errors.Is(err, broken) || raw != "" {
		t.Errorf("got %q, %v", raw, err)
	}
}

func TestTokenOfAKeyNamesItAndEndsInTime(t *testing.T) {
	t.Parallel()
	i, v := newIssuer(time.Hour), newVerifier(t, time.Hour, secret)
	second := noon.Truncate(time.Second)
	for name, row := range map[string]struct{ until, want time.Time }{
		"no end":               {time.Time{}, second.Add(time.Hour)},
		"an end far away":      {noon.Add(2 * time.Hour), second.Add(time.Hour)},
		"an end before that":   {second.Add(90*time.Second + 999*time.Millisecond), second.Add(90 * time.Second)},
		"an end in the second": {second.Add(time.Second), second.Add(time.Second)},
	} {
		s := issuer.Subject{UserID: 7, KeyID: 1<<63 - 1, Generation: 3, Until: row.until, Link: [8]byte{1, 2, 3}}
		if got := i.Expiry(s, noon); !got.Equal(row.want) {
			t.Errorf("%s: the expiry is %s, want %s", name, got, row.want)
		}
		got, err := v.Verify(issue(t, i, s))
		want := token.Claims{
			UserID: 7, SessionID: "key-9223372036854775807", KeyID: 1<<63 - 1, Generation: 3, HasGeneration: true,
			IssuedAt: second, ExpiresAt: row.want, ID: got.ID,
		}
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}
