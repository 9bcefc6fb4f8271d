package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

// started runs the service with these settings and returns a function that calls it.
func started(t *testing.T, vars map[string]string) func(token string) (status int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opened, ended := make(chan string, 1), make(chan error, 1)
	all := map[string]string{"ADDR": "127.0.0.1:0", "PRIVATE_ADDR": "127.0.0.1:0"}
	maps.Copy(all, vars)
	go func() {
		ended <- serve(ctx, lookup(all), io.Discard, func(public, _ net.Addr) { opened <- public.String() })
	}()
	var addr string
	select {
	case addr = <-opened:
	case err := <-ended:
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return func(token string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/root?number=9&n=0.5", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
}

func keyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The service's settings, its file and everything that can be made of them are tried as secrets, for each algorithm that a
// service might be talked into and each kid. This goes over everything that the service has.
func TestWhatTheServiceHoldsMakesNoToken(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{token.EdDSA, token.ES256} {
		key := tokentest.NewKey(alg)
		text := key.PublicPEM()
		path := keyFile(t, text)
		vars := map[string]string{"JWT_PUBLIC_KEYS_FILE": path, "JWT_ISSUER": "tallygate", "JWT_AUDIENCE": "tallygate"}
		call := started(t, vars)
		p := tokentest.Params{Key: key, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: time.Now(), UserID: "1"}
		if status := call(p.Token()); status != http.StatusOK {
			t.Fatalf("%s: got %d for a good token", alg, status)
		}
		held := key.PublicForms()
		maps.Copy(held, vars)
		for i, line := range strings.Split(text, "\n") {
			held[fmt.Sprintf("line %d", i+1)] = line
		}
		inner := strings.Split(p.Token(), ".")[1]
		held["a token"], held["its signature"] = p.Token(), strings.Split(p.Token(), ".")[2]
		claims := string(mustDecode(t, inner))
		for name, secret := range held {
			for _, said := range []string{"HS256", "HS384", "HS512", alg, "none"} {
				for _, kid := range []string{"", key.Public.ID(), token.KeyID(secret), path} {
					forged := tokentest.Sign(secret, fmt.Sprintf(`{"alg":%q,"typ":"JWT","kid":%q}`, said, kid), claims)
					if status := call(forged); status != http.StatusUnauthorized {
						t.Errorf("%s: a token of %s with alg %s and kid %q: got %d", alg, name, said, kid, status)
					}
				}
			}
		}
	}
}

func mustDecode(t *testing.T, part string) []byte {
	t.Helper()
	claims, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestSettingsThatAcceptNoTokenOrTheWrongOnesAreNamed(t *testing.T) {
	t.Parallel()
	key := tokentest.NewKey(token.EdDSA)
	for name, row := range map[string]struct {
		vars map[string]string
		says []string
	}{
		"nothing":                    {nil, []string{"JWT_SECRET: is required", "JWT_PUBLIC_KEYS_FILE"}},
		"an empty file":              {map[string]string{"JWT_PUBLIC_KEYS_FILE": keyFile(t, "\n")}, []string{"JWT_SECRET: is required", "JWT_PUBLIC_KEYS_FILE"}},
		"no file":                    {map[string]string{"JWT_PUBLIC_KEYS_FILE": "/no/such/file"}, []string{"JWT_PUBLIC_KEYS_FILE: "}},
		"the private key":            {map[string]string{"JWT_PUBLIC_KEYS_FILE": keyFile(t, key.PEM())}, []string{"JWT_PUBLIC_KEYS_FILE: key 1 is a private key"}},
		"a public key as the secret": {map[string]string{"JWT_SECRET": key.PublicPEM()}, []string{"JWT_SECRET: is a key in PEM"}},
		"its kid as the secret":      {map[string]string{"JWT_PUBLIC_KEYS_FILE": keyFile(t, key.PublicPEM()), "JWT_SECRET": key.Public.ID()}, []string{"JWT_SECRET: is a public key"}},
		"other secrets alone":        {map[string]string{"JWT_PUBLIC_KEYS_FILE": keyFile(t, key.PublicPEM()), "JWT_OTHER_SECRETS": secret}, []string{"JWT_OTHER_SECRETS: is set without JWT_SECRET"}},
	} {
		err := run(t.Context(), lookup(row.vars), io.Discard)
		for _, want := range row.says {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("%s: got %v, want one line with %q", name, err, want)
			}
		}
	}
}
