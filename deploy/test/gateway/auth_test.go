package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// startWithUsers runs a gateway with auth-service behind it, which has these settings, too.
func startWithUsers(t *testing.T, routes string, settings ...string) *gateway {
	t.Helper()
	addrs := testbed.FreeAddresses(t, 2)
	auth := start(t, program("auth-service"), nil, append(settings, "ADDR="+addrs[0], "PRIVATE_ADDR="+addrs[1],
		"DATABASE_URL=sqlite:"+filepath.Join(t.TempDir(), "users.db"), "JWT_SECRET="+jwtSecret, "INTERNAL_SECRET="+internalSecret)...)
	auth.awaitListening(t, addrs[1])
	g := startGateway(t, routes, "AUTH_URL=http://"+addrs[0], "AUTH_PRIVATE_URL=http://"+addrs[1])
	testbed.Eventually(t, "the gateway to reach auth-service", func() error {
		resp, err := http.Get("http://" + g.private + "/readyz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(resp.Body)
			return fmt.Errorf("status %d: %s", resp.StatusCode, body)
		}
		return nil
	})
	return g
}

// user registers a name and returns the id and a token.
func (g *gateway) user(t *testing.T, name string) (id int64, token string) {
	t.Helper()
	var registered struct {
		ID int64 `json:"user_id"`
	}
	var signedIn struct{ Token string }
	g.post(t, "/users/register", name, &registered)
	g.post(t, "/token", name, &signedIn)
	return registered.ID, signedIn.Token
}

func (g *gateway) post(t *testing.T, path, name string, into any) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"username": name, "password": "correct horse " + name})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(g.url(path), "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s: got %d (%v)", path, resp.StatusCode, err)
	}
}
