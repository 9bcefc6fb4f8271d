package system_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

// library is a JWT library of another language. Its program gets the address of the JWKS, the algorithm and, on standard input,
// tokens. For each it prints a line: the subject, or "refused" and why.
type library struct {
	name  string
	probe []string // succeeds where the library is installed
	start []string // the program follows
	file  string
	needs string // Debian's packages
}

func libraries() []library {
	const python = "/usr/bin/python3" // the one that Debian's packages are for
	return []library{
		{"PyJWT", []string{python, "-c", "import jwt, cryptography"}, []string{python}, "pyjwt.py", "python3-jwt and python3-cryptography"},
		{"jwcrypto", []string{python, "-c", "import jwcrypto"}, []string{python}, "with_jwcrypto.py", "python3-jwcrypto"},
		{"jose", []string{"node", "-e", `require("jose")`}, []string{"node"}, "jose.cjs", "node-jose"},
		{"Crypt::JWT", []string{"perl", "-MCrypt::JWT", "-e", "1"}, []string{"perl"}, "cryptjwt.pl", "libcrypt-jwt-perl"},
		{"ruby-jwt", []string{"ruby", "-rjwt", "-rrbnacl", "-e", "1"}, []string{"ruby"}, "rubyjwt.rb", "ruby-jwt and ruby-rbnacl"},
	}
}

func (l library) run(ctx context.Context, tokens string, words []string, more ...string) (out string, err error) {
	words = append(append([]string{}, words...), more...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "NODE_PATH=/usr/share/nodejs")
	cmd.Stdin = strings.NewReader(tokens)
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err = cmd.Run()
	return both.String(), err
}

// TestLibrariesOfOtherLanguagesVerifyOurTokens: they find the key by its kid among those that the gateway publishes, accept the
// tokens that auth-service makes, and refuse others.
func TestLibrariesOfOtherLanguagesVerifyOurTokens(t *testing.T) {
	t.Parallel()
	made := tokensOfBothKinds(t)
	for _, l := range libraries() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
			defer cancel()
			if out, err := l.run(ctx, "", l.probe); err != nil {
				t.Skipf("no %s: install %s to verify tokens with it (%s)", l.name, l.needs, strings.TrimSpace(out))
			}
			program := append(append([]string{}, l.start...), filepath.Join("testdata", "verify", l.file))
			for alg, raw := range made.tokens {
				names, tokens := []string{"a good one"}, []string{raw}
				for name, bad := range made.bad(t, alg) {
					names, tokens = append(names, name), append(tokens, bad)
				}
				out, err := l.run(ctx, strings.Join(tokens, "\n")+"\n", program, made.url, alg)
				lines := strings.Split(strings.TrimSpace(out), "\n")
				if err != nil || len(lines) != len(names) {
					t.Fatalf("%s: %v\n%s", alg, err, out)
				}
				for i, line := range lines {
					if good := i == 0; good && line != "1" || !good && !strings.HasPrefix(line, "refused") {
						t.Errorf("%s: %s: got %s", alg, names[i], line)
					}
				}
			}
		})
	}
}

// publishedTokens are tokens of one user, by algorithm, and the address of the keys.
type publishedTokens struct {
	url    string
	tokens map[string]string
	keys   map[string]*tokentest.Key
}

// tokensOfBothKinds lets auth-service sign with one key after the other. Both are published.
func tokensOfBothKinds(t *testing.T) publishedTokens {
	t.Helper()
	m := &moving{rotating: rotating{Cluster: cluster.Start(t, cluster.Config{Auth: cluster.CheapPasswords()})}}
	m.clients = []*contract.Client{contract.NewClient(m.Gateways[0].URL)}
	made := publishedTokens{
		url: m.Gateways[0].URL + "/.well-known/jwks.json", tokens: map[string]string{},
		keys: map[string]*tokentest.Key{token.EdDSA: tokentest.NewKey(token.EdDSA), token.ES256: tokentest.NewKey(token.ES256)},
	}
	m.write(t, "jwt_public_keys", made.keys[token.EdDSA].PublicPEM()+made.keys[token.ES256].PublicPEM())
	m.publishes(t, made.keys[token.EdDSA].Public.ID(), made.keys[token.ES256].Public.ID())
	for alg, key := range made.keys {
		m.write(t, "jwt_signing_key", key.PEM())
		p := m.Auths[0]
		p.Settings = []string{"TOKEN_ALG=" + alg}
		for _, step := range []func() error{p.Stop, p.Start, func() error { return p.Ready(t.Context()) }} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		one := &caller{}
		testbed.Eventually(t, "a sign-in", func() error { return m.enter("ada", one) })
		made.tokens[alg] = one.access
		m.passes(t, one.access)
	}
	return made
}

// bad are tokens that nobody may accept.
func (m publishedTokens) bad(t *testing.T, alg string) map[string]string {
	t.Helper()
	parts := strings.Split(m.tokens[alg], ".")
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	claims, key := string(text), m.keys[alg]
	header := fmt.Sprintf(`{"alg":%q,"typ":"JWT","kid":%q}`, alg, key.Public.ID())
	other := strings.Replace(claims, `"sub":"1"`, `"sub":"2"`, 1)
	if other == claims {
		t.Fatalf("the claims are %s", claims)
	}
	return map[string]string{
		"another subject":            parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(other)) + "." + parts[2],
		"another signature":          parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"no signature":               parts[0] + "." + parts[1] + ".",
		"alg none":                   base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"the public key as a secret": tokentest.Sign(key.PublicPEM(), strings.Replace(header, alg, "HS256", 1), other),
		"a key of somebody else":     tokentest.NewKey(alg).Sign(header, other),
		"an expired one":             key.Sign(header, strings.Replace(other, `"exp":`, `"exp":1,"was":`, 1)),
		"for somebody else":          key.Sign(header, strings.Replace(other, `"aud":"tallygate"`, `"aud":"others"`, 1)),
		"signed with the other key":  m.keys[map[string]string{token.EdDSA: token.ES256, token.ES256: token.EdDSA}[alg]].Sign(header, claims),
	}
}
