package system_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

const askersSecret = "b7d2f09c4e816a35b7d2f09c4e816a35b7d2f09c"

// TestTokensMoveToAPrivateKeyUnderLoad moves from HS256 to EdDSA, replaces the private key, and withdraws JWT_SECRET, while
// clients call and refresh. No valid token is refused. Every step is that of docs/rotate-secrets.md.
func TestTokensMoveToAPrivateKeyUnderLoad(t *testing.T) {
	t.Parallel()
	settings := append(cluster.CheapPasswords(), "INTROSPECTION_SECRET="+askersSecret)
	m := &moving{rotating: rotating{Cluster: cluster.Start(t, cluster.Config{Gateways: 2, Auths: 2, Postgres: true, Auth: settings})}}
	for _, p := range append(m.Gateways, m.Maths...) {
		m.clients = append(m.clients, contract.NewClient(p.URL))
	}
	active := []*caller{m.signIn(t, "ada"), m.signIn(t, "bob"), m.signIn(t, "eve")}
	old, idle := m.signIn(t, "old"), m.signIn(t, "idle")
	m.passes(t, old.access)
	load, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, one := range active {
		running.Go(func() { m.goOn(load, t, one) })
	}
	defer func() { stop(); running.Wait() }()
	m.publishes(t)

	m.command(t, "EdDSA", "secrets", "init", m.Secrets)
	first := m.published(t)
	m.publishes(t, first...)
	for _, p := range m.Auths { // one at a time: the other one serves
		p.Settings = []string{"TOKEN_ALG=EdDSA"}
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	m.everybodyHolds(t, active, "EdDSA", first[0])
	m.passes(t, old.access)
	m.passes(t, idle.access) // its first use: it is in no cache

	// The private key is replaced: published, then it signs, then the old one is withdrawn.
	next := tokentest.NewKey(token.EdDSA)
	m.write(t, "jwt_public_keys", string(token.JWKS(append([]token.PublicKey{next.Public}, m.keys(t)...))))
	m.publishes(t, next.Public.ID(), first[0])
	m.write(t, "jwt_signing_key", next.PEM())
	m.everybodyHolds(t, active, "EdDSA", next.Public.ID())
	m.write(t, "jwt_public_keys", next.PublicPEM())
	m.publishes(t, next.Public.ID())

	m.command(t, "EdDSA", "secrets", "rotate", "hs256", m.Secrets, "-force")
	for _, client := range m.clients {
		testbed.Eventually(t, "JWT_SECRET to be withdrawn", func() error { return refused(client, old.access) })
		if err := refused(client, idle.access); err != nil {
			t.Error(err)
		}
	}
	if err := m.renew(idle); err != nil {
		t.Errorf("a session that was idle during the move is signed out: %v", err)
	}
	m.passes(t, idle.token())
	stop()
	running.Wait()
	m.takesTicketsAndQuestions(t, idle)
	t.Logf("figure: tokens moved to a private key under %d calls and %d refreshes, none refused", m.calls.Load(), m.refreshes.Load())
}

// moving is a cluster whose tokens get another kind of key.
type moving struct {
	rotating

	reloads int // how often the services have been given other public keys
}

// goOn uses a session at every gateway and math-service, and refreshes it. While auth-service's replicas start again, a
// refresh may have to be tried again, and is never refused.
func (m *moving) goOn(ctx context.Context, t *testing.T, one *caller) {
	for ctx.Err() == nil {
		for range 5 {
			if !m.passes(t, one.token()) {
				return
			}
		}
		got, err := m.clients[0].Post("/token/refresh", map[string]string{"refresh_token": one.refresh})
		switch {
		case err != nil || got.Status == http.StatusBadGateway || got.Status == http.StatusServiceUnavailable:
			continue
		case got.Status != http.StatusOK:
			t.Errorf("refresh: got %d %s", got.Status, got.Body)
			return
		}
		if err := one.keep(got); err != nil {
			t.Error(err)
			return
		}
		m.refreshes.Add(1)
	}
}

func (m *moving) command(t *testing.T, alg string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Program("auth-service"), args...)
	cmd.Env = append(os.Environ(), "TOKEN_ALG="+alg, "SECRETS_SETTLE=2s")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// write replaces a file as the command does: readers see the old content or the new.
func (m *moving) write(t *testing.T, name, text string) {
	t.Helper()
	draft := filepath.Join(m.Secrets, name+".draft")
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, filepath.Join(m.Secrets, name)); err != nil {
		t.Fatal(err)
	}
}

// keys are the public keys in the file.
func (m *moving) keys(t *testing.T) []token.PublicKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.Secrets, "jwt_public_keys"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := token.ParsePublicKeys(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// published are the kids in the file.
func (m *moving) published(t *testing.T) []string {
	t.Helper()
	var kids []string
	for _, key := range m.keys(t) {
		kids = append(kids, key.ID())
	}
	return kids
}

// publishes waits until every gateway publishes these keys, and every service has read the files: each logs it.
func (m *moving) publishes(t *testing.T, kids ...string) {
	t.Helper()
	want := strings.Join(kids, " ")
	for _, p := range m.Gateways {
		testbed.Eventually(t, "the gateways to publish "+want, func() error {
			got, err := contract.NewClient(p.URL).Do(http.MethodGet, "/.well-known/jwks.json", nil, nil)
			if err != nil {
				return err
			}
			var set struct{ Keys []struct{ Kid string } }
			if err := json.Unmarshal([]byte(got.Body), &set); err != nil {
				return err
			}
			var have []string
			for _, key := range set.Keys {
				have = append(have, key.Kid)
			}
			if strings.Join(have, " ") != want {
				return fmt.Errorf("got %v", have)
			}
			return nil
		})
	}
	if len(kids) == 0 {
		return
	}
	m.reloads++
	for _, p := range append(m.Maths, m.Auths...) {
		testbed.Eventually(t, p.Name+" to have read the keys", func() error {
			if got := strings.Count(p.Output(), "JWT_PUBLIC_KEYS"); got < m.reloads {
				return fmt.Errorf("it has logged that %d times, not %d", got, m.reloads)
			}
			return nil
		})
	}
}

// everybodyHolds waits until the callers' tokens are signed with a key.
func (m *moving) everybodyHolds(t *testing.T, active []*caller, alg, kid string) {
	t.Helper()
	testbed.Eventually(t, "every client to hold a token of "+alg+" under "+kid, func() error {
		for _, one := range active {
			text, err := base64.RawURLEncoding.DecodeString(strings.Split(one.token(), ".")[0])
			if err != nil {
				return err
			}
			var head struct{ Alg, Kid string }
			if err := json.Unmarshal(text, &head); err != nil || head.Alg != alg || head.Kid != kid {
				return fmt.Errorf("one has %s (%w)", text, err)
			}
		}
		return nil
	})
}

// takesTicketsAndQuestions uses what derives from other secrets. A session that has ended is not active at once.
func (m *moving) takesTicketsAndQuestions(t *testing.T, one *caller) {
	t.Helper()
	auth := http.Header{"Authorization": {"Bearer " + one.token()}, "Content-Type": {"application/json"}}
	got, err := m.clients[0].Do(http.MethodPost, "/token/ticket", auth, nil)
	var given struct{ Ticket string }
	if err != nil || json.Unmarshal([]byte(got.Body), &given) != nil || given.Ticket == "" {
		t.Fatalf("a ticket: got %d %s (%v)", got.Status, got.Body, err)
	}
	if got, err = m.clients[0].Do(http.MethodGet, "/root?number=9&n=0.5&ticket="+given.Ticket, nil, nil); err != nil || got.Status != http.StatusOK {
		t.Errorf("with the ticket: got %d %s (%v)", got.Status, got.Body, err)
	}
	ask := func(credential string) contract.Response {
		asked := http.Header{"Authorization": {"Bearer " + credential}, "Content-Type": {"application/x-www-form-urlencoded"}}
		got, err := m.clients[1].Do(http.MethodPost, "/token/introspect", asked, []byte("token="+url.QueryEscape(one.token())))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := ask(askersSecret); got.Status != http.StatusOK || !strings.Contains(got.Body, `"active":true`) || !strings.Contains(got.Body, `"username":"idle"`) {
		t.Errorf("an active token: got %d %s", got.Status, got.Body)
	}
	if got := ask(one.token()); got.Status != http.StatusUnauthorized || got.Header.Get("Www-Authenticate") == "" {
		t.Errorf("with a token as the credential: got %d %s", got.Status, got.Body)
	}
	if got, err := m.clients[0].Do(http.MethodPost, "/logout", auth, nil); err != nil || got.Status != http.StatusNoContent {
		t.Fatalf("sign out: got %d %s (%v)", got.Status, got.Body, err)
	}
	if got := ask(askersSecret); got.Status != http.StatusOK || got.Body != `{"active":false}` {
		t.Errorf("after the sign-out: got %d %s", got.Status, got.Body)
	}
}
