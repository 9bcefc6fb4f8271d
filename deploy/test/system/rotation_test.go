package system_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
	"tallygate/kit/internalapi"
)

// TestSecretsRotateUnderLoad replaces both secrets twice while clients call, refresh and register. No valid token is refused
// and nobody is signed out. After an old secret is withdrawn, its tokens are refused.
func TestSecretsRotateUnderLoad(t *testing.T) { //nolint:tparallel // the load has to outlast the subtests
	t.Parallel()
	// A newcomer registers with every loop of the load.
	settings := append(cluster.CheapPasswords(), "REGISTRATIONS_PER_ADDRESS=0")
	c := cluster.Start(t, cluster.Config{Gateways: 2, Auth: settings})
	r := &rotating{Cluster: c}
	for _, p := range append(c.Gateways, c.Maths...) {
		r.clients = append(r.clients, contract.NewClient(p.URL))
	}
	active := []*caller{r.signIn(t, "ada"), r.signIn(t, "bob"), r.signIn(t, "eve")}
	load, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, one := range active {
		running.Go(func() { r.callAndRefresh(load, t, one) })
	}
	running.Go(func() { r.registerAgainAndAgain(load, t) })

	t.Run("twice", func(t *testing.T) {
		t.Run("the secret that signs tokens", func(t *testing.T) {
			t.Parallel()
			r.rotateJWT(t, active)
			r.rotateJWT(t, active)
		})
		t.Run("the secret between gateway and auth-service", func(t *testing.T) {
			t.Parallel()
			r.rotateInternal(t)
			r.rotateInternal(t)
		})
	})
	stop()
	running.Wait()
	t.Logf("figure: secrets rotated under %d calls, %d refreshes and %d first calls of new users, none refused",
		r.calls.Load(), r.refreshes.Load(), r.newcomers.Load())
}

// rotating is a cluster whose secrets are rotated.
type rotating struct {
	*cluster.Cluster
	clients []*contract.Client // everything that verifies tokens of /root

	calls, refreshes, newcomers atomic.Int64
}

// caller is one session.
type caller struct {
	mu      sync.Mutex
	access  string
	refresh string
}

func (c *caller) token() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.access
}

// keep stores the tokens of a sign-in or a refresh.
func (c *caller) keep(got contract.Response) error {
	var pair struct {
		Token        string
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(got.Body), &pair); err != nil || got.Status != http.StatusOK {
		return fmt.Errorf("got %d %s, want tokens", got.Status, got.Body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.access, c.refresh = pair.Token, pair.RefreshToken
	return nil
}

func (r *rotating) signIn(t *testing.T, name string) *caller {
	t.Helper()
	one := &caller{}
	if err := r.enter(name, one); err != nil {
		t.Fatal(err)
	}
	return one
}

// enter registers a user, if there is none of that name, and signs in.
func (r *rotating) enter(name string, one *caller) error {
	who := contract.Credentials{Username: name, Password: "correct horse"}
	if got, err := r.clients[0].Register(who); err != nil || got.Status/100 != 2 {
		return fmt.Errorf("register: got %d %s (%w)", got.Status, got.Body, err)
	}
	got, err := r.clients[0].Post("/token", who)
	if err != nil {
		return err
	}
	return one.keep(got)
}

func (r *rotating) renew(one *caller) error {
	got, err := r.clients[0].Post("/token/refresh", map[string]string{"refresh_token": one.refresh})
	if err != nil {
		return err
	}
	return one.keep(got)
}

// callAndRefresh uses a session at every gateway and math-service, and refreshes it now and then.
func (r *rotating) callAndRefresh(ctx context.Context, t *testing.T, one *caller) {
	for ctx.Err() == nil {
		for range 10 {
			if !r.passes(t, one.token()) {
				return
			}
		}
		if err := r.renew(one); err != nil {
			t.Errorf("refresh: %v", err)
			return
		}
		r.refreshes.Add(1)
	}
}

// passes reports whether every gateway and math-service accepts the token.
func (r *rotating) passes(t *testing.T, token string) bool {
	t.Helper()
	for _, client := range r.clients {
		r.calls.Add(1)
		if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
			t.Errorf("a valid token at %s: got %d %s (%v), want 200", client.Base, got.Status, got.Body, err)
			return false
		}
	}
	return true
}

// registerAgainAndAgain registers users whom no gateway has seen, so that gateways look them up at auth-service.
func (r *rotating) registerAgainAndAgain(ctx context.Context, t *testing.T) {
	for i := 0; ctx.Err() == nil; i++ {
		one := &caller{}
		if err := r.enter(fmt.Sprintf("newcomer%d", i), one); err != nil {
			t.Error(err)
			return
		}
		if !r.passes(t, one.access) {
			return
		}
		r.newcomers.Add(1)
	}
}

// rotate runs the command behind `make rotate-secret`.
func (r *rotating) rotate(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	args = append([]string{"secrets", "rotate", args[0], r.Secrets}, args[1:]...)
	cmd := exec.CommandContext(t.Context(), testbed.Program("auth-service"), args...)
	cmd.Env = append(os.Environ(), "SECRETS_SETTLE=2s")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Error(err)
		return -1, ""
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func (r *rotating) rotateJWT(t *testing.T, active []*caller) {
	t.Helper()
	old := keyOf(t, active[0].token())
	used, unused, idle := r.signIn(t, "used"), r.signIn(t, "unused"), r.signIn(t, "idle")
	r.passes(t, used.access)
	if code, out := r.rotate(t, "jwt"); code != 0 || !strings.Contains(out, "step 2 of 3") {
		t.Fatalf("got %d %s", code, out)
	}
	testbed.Eventually(t, "every client to hold a token under the new key", func() error {
		for _, one := range active {
			if keyOf(t, one.token()) == old {
				return fmt.Errorf("key %s still signs", old)
			}
		}
		return nil
	})
	r.passes(t, used.access)
	r.passes(t, idle.access) // its first use: it is in no cache
	if code, out := r.rotate(t, "jwt"); code != 1 || !strings.Contains(out, "has to be accepted until") {
		t.Errorf("withdrawal before the tokens have expired: got %d %s, want a refusal", code, out)
	}
	if code, out := r.rotate(t, "jwt", "-force"); code != 0 {
		t.Fatalf("got %d %s", code, out)
	}
	for _, client := range r.clients {
		testbed.Eventually(t, "the old key to be withdrawn", func() error { return refused(client, used.access) })
		for _, one := range []*caller{used, unused, idle} {
			if err := refused(client, one.access); err != nil {
				t.Error(err)
			}
		}
	}
	if err := r.renew(idle); err != nil {
		t.Errorf("a session that was idle during the rotation is signed out: %v", err)
	}
	r.passes(t, idle.token())
}

// refused is nil if the token gets 401.
func refused(client *contract.Client, token string) error {
	got, err := client.Root(token, "9", "0.5")
	if err == nil && (got.Status != http.StatusUnauthorized || got.Body != `{"message":"Token is not valid"}`) {
		err = fmt.Errorf("a token under the old key at %s: got %d %s", client.Base, got.Status, got.Body)
	}
	return err
}

func (r *rotating) rotateInternal(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.Secrets, "internal_secret"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := internalapi.NewBearer(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	private := contract.NewClient(r.Auths[0].PrivateURL)
	lookup := func() int {
		got, err := private.Do(http.MethodGet, "/internal/users/1", http.Header{"Authorization": {old.Header()}}, nil)
		if err != nil {
			t.Error(err)
		}
		return got.Status
	}
	if got := lookup(); got != http.StatusOK {
		t.Errorf("the credential in force: got %d, want 200", got)
	}
	if code, out := r.rotate(t, "internal", "-force"); code != 0 {
		t.Errorf("got %d %s", code, out)
	}
	testbed.Eventually(t, "the old credential to be refused", func() error {
		if got := lookup(); got != http.StatusUnauthorized {
			return fmt.Errorf("got %d, want 401", got)
		}
		return nil
	})
}

// keyOf is the key id in a token's header.
func keyOf(t *testing.T, token string) string {
	t.Helper()
	part, _, _ := strings.Cut(token, ".")
	header, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var fields struct{ KID string }
	if err := json.Unmarshal(header, &fields); err != nil {
		t.Fatal(err)
	}
	return fields.KID
}
