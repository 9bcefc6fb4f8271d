package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pair is what a sign-in and a refresh respond with.
type pair struct {
	Token        string
	RefreshToken string `json:"refresh_token"`
}

func (r running) post(t *testing.T, path, body, token string) (status int, response string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (r running) tokens(t *testing.T, path, body string) pair {
	t.Helper()
	var got pair
	status, text := r.post(t, path, body, "")
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
		t.Fatalf("%s: got %d %s", path, status, text)
	}
	return got
}

func verifierOf(t *testing.T, secret string, public ...token.PublicKey) *token.Verifier {
	t.Helper()
	ring, err := token.NewKeyring(secret, nil, public...)
	if err != nil {
		t.Fatal(err)
	}
	return token.NewVerifier(token.Config{Keys: ring, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour})
}

// Refresh tokens and tickets do not depend on what signs the access tokens.
func TestTokensAreSignedWithThePrivateKeyAndEverythingElseGoesOn(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{token.EdDSA, token.ES256} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			key, vars := tokentest.NewKey(alg), settings(t)
			vars["JWT_SECRET"], vars["TOKEN_ALG"], vars["JWT_SIGNING_KEY_FILE"] = "", alg, filepath.Join(t.TempDir(), "key")
			writeFile(t, vars["JWT_SIGNING_KEY_FILE"], key.PEM())
			s := start(t, vars)
			const who = `{"username":"ada","password":"123456"}`
			waitUntil(t, "a user", func() bool { status, _ := s.post(t, "/users/register", who, ""); return status == http.StatusCreated })
			signedIn := s.tokens(t, "/token", who)
			refreshed := s.tokens(t, "/token/refresh", `{"refresh_token":"`+signedIn.RefreshToken+`"}`)
			for name, raw := range map[string]string{"sign-in": signedIn.Token, "refresh": refreshed.Token} {
				if _, err := verifierOf(t, "", key.Public).Verify(raw); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if _, err := verifierOf(t, goodSecret, tokentest.NewKey(alg).Public).Verify(raw); err == nil {
					t.Errorf("%s: verified without the key", name)
				}
				head, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
				if want := `{"alg":"` + alg + `","kid":"` + key.Public.ID() + `","typ":"JWT"}`; err != nil || string(head) != want {
					t.Errorf("%s: got the header %s, want %s", name, head, want)
				}
				if status, body := s.post(t, "/token/ticket", "{}", raw); status != http.StatusOK {
					t.Errorf("%s: a ticket: got %d %s", name, status, body)
				}
			}
			for _, v := range tokentest.Vectors(tokentest.Params{
				Key: key, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: time.Now(), UserID: "1", SessionID: "s",
			}) {
				if v.Accept || len(v.Authorization) != 1 || strings.ContainsAny(v.Authorization[0], "\r\n\x00") || len(v.Authorization[0]) > 10_000 {
					continue // a good one is of no session here; the others cannot be sent
				}
				if status, _ := s.post(t, "/token/ticket", "{}", v.Authorization[0]); status != http.StatusUnauthorized {
					t.Errorf("%s: got %d, want 401", v.Name, status)
				}
			}
		})
	}
}

func TestAKeyThatCannotSignAsSaidIsNamed(t *testing.T) {
	t.Parallel()
	edwards, curve := tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)
	for name, row := range map[string]struct{ alg, key, secret, says string }{
		"no key":                {"EdDSA", "", "", "JWT_SIGNING_KEY: is required"},
		"no secret":             {"HS256", edwards.PEM(), "", "JWT_SECRET: is required"},
		"a key of another kind": {"EdDSA", curve.PEM(), "", "JWT_SIGNING_KEY_FILE: is a key for ES256, and TOKEN_ALG is EdDSA"},
		"the public key":        {"ES256", curve.PublicPEM(), "", "JWT_SIGNING_KEY_FILE: is a public key"},
		"the secret":            {"ES256", goodSecret, "", "JWT_SIGNING_KEY_FILE: is not one block of PEM"},
		"two keys":              {"EdDSA", edwards.PEM() + edwards.PEM(), "", "JWT_SIGNING_KEY_FILE: is not one block of PEM"},
		"another algorithm":     {"RS256", edwards.PEM(), goodSecret, "TOKEN_ALG: "},
		"none":                  {"none", edwards.PEM(), goodSecret, "TOKEN_ALG: "},
	} {
		vars := settings(t)
		vars["JWT_SECRET"], vars["TOKEN_ALG"] = row.secret, row.alg
		if row.key != "" {
			vars["JWT_SIGNING_KEY_FILE"] = filepath.Join(t.TempDir(), "key")
			writeFile(t, vars["JWT_SIGNING_KEY_FILE"], row.key)
		}
		err := run(t.Context(), lookup(vars), io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), row.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), goodSecret) {
			t.Errorf("%s: got %v, want one line that begins with %q", name, err, row.says)
		}
	}
}

func TestTheCredentialOfServicesThatAskIsNoOtherSecret(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ secret, says string }{
		"JWT_SECRET":      {goodSecret, "in common with JWT_SECRET"},
		"INTERNAL_SECRET": {thirdSecret + "," + otherSecret, "in common with INTERNAL_SECRET"},
		"short":           {"short", "is 5 bytes long"},
	} {
		vars := settings(t)
		vars["INTROSPECTION_SECRET"] = row.secret
		err := run(t.Context(), lookup(vars), io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), "INTROSPECTION_SECRET: ") || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), goodSecret) {
			t.Errorf("%s: got %v, want %q", name, err, row.says)
		}
	}
}
