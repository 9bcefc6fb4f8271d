package system_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestAKeyEndsAtEveryGateway ends keys in every way in which they end. deploy/test/measure bounds how long it takes.
func TestAKeyEndsAtEveryGateway(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{Gateways: 3, Auths: 2, Postgres: true})
	k.CreateAdmin(t, "root", "correct horse")
	admin := k.clients[0].Token(t, contract.Credentials{Username: "root", Password: "correct horse"})
	disable := func(disabled bool) error {
		body := map[string]bool{"disabled": disabled}
		return k.clients[0].Call(admin, http.MethodPatch, fmt.Sprintf("/admin/users/%d", k.userID), body, nil, http.StatusOK)
	}
	bystander := k.newKey(t, nil)
	for _, by := range []struct {
		what string
		end  func(key contract.Key) error
	}{
		{"revoked", func(key contract.Key) error { return k.clients[0].RevokeKey(k.token, key.ID) }},
		{"revoked by an administrator", func(key contract.Key) error {
			return k.clients[0].Call(admin, http.MethodDelete, fmt.Sprintf("/admin/users/%d/keys/%s", k.userID, key.ID), nil, nil, http.StatusNoContent)
		}},
		{"rotated", func(key contract.Key) error {
			next, err := k.clients[0].RotateKey(k.token, key.ID, 0)
			k.everywhere(t, next.Secret, http.StatusOK)
			return err
		}},
		{"expired", func(key contract.Key) error {
			soon := time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano)
			return k.clients[0].EditKey(k.token, key.ID, map[string]any{"expires_at": soon})
		}},
		{"its user is disabled", func(contract.Key) error { return disable(true) }},
	} {
		key := k.newKey(t, nil)
		k.everywhere(t, key.Secret, http.StatusOK)
		k.everywhere(t, bystander.Secret, http.StatusOK)
		if err := by.end(key); err != nil {
			t.Fatalf("%s: %v", by.what, err)
		}
		for _, client := range k.clients {
			testbed.Eventually(t, by.what, func() error { return status(client, key.Secret, "/echo", http.StatusUnauthorized) })
		}
		k.everywhere(t, key.Secret, http.StatusUnauthorized)
	}
	if err := disable(false); err != nil {
		t.Fatal(err)
	}
	for _, client := range k.clients {
		testbed.Eventually(t, "the keys of a user who is enabled again", func() error { return status(client, bystander.Secret, "/echo", http.StatusOK) })
	}
	next := map[string]string{"current_password": k.who.Password, "new_password": "another horse"}
	k.token = k.clients[0].Token(t, k.who)
	if err := k.clients[0].Call(k.token, http.MethodPut, "/users/me/password", next, nil, http.StatusNoContent); err != nil {
		t.Fatal(err)
	}
	k.who.Password = "another horse"
	k.everywhere(t, bystander.Secret, http.StatusOK) // scripts go on
	testbed.Eventually(t, "the password to be changed", func() error { return status(k.clients[0], k.token, "/echo", http.StatusUnauthorized) })
	k.everywhere(t, bystander.Secret, http.StatusOK)
	k.token = k.clients[0].Token(t, k.who)
	if err := k.clients[0].Call(k.token, http.MethodDelete, "/users/me", map[string]string{"password": k.who.Password}, nil, http.StatusNoContent); err != nil {
		t.Fatal(err)
	}
	for _, client := range k.clients {
		testbed.Eventually(t, "the user to be gone", func() error { return status(client, bystander.Secret, "/echo", http.StatusUnauthorized) })
	}
}

// TestStreamsEndWithTheirKey: an event stream and a WebSocket, at each of two gateways.
func TestStreamsEndWithTheirKey(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{Gateways: 2})
	key, other := k.newKey(t, nil), k.newKey(t, nil)
	var ends []func() error
	for _, client := range k.clients {
		ends = append(ends, openEvents(t, client, key.Secret), openSocket(t, client, key.Secret))
	}
	lives := openEvents(t, k.clients[0], other.Secret)
	if err := k.clients[0].RevokeKey(k.token, key.ID); err != nil {
		t.Fatal(err)
	}
	revoked := time.Now()
	for _, end := range ends {
		if err := end(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("figure: 4 streams of a key had ended %s after its revocation", time.Since(revoked).Round(time.Millisecond))
	if err := k.clients[0].RevokeKey(k.token, other.ID); err != nil { // it has outlived the others until now
		t.Fatal(err)
	}
	if err := lives(); err != nil {
		t.Error(err)
	}
}

// openEvents opens an event stream. The function that it returns waits for the end.
func openEvents(t *testing.T, client *contract.Client, secret string) func() error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, client.Base+"/echo/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", secret)
	got, err := http.DefaultClient.Do(req) // has no timeout
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = got.Body.Close() })
	lines := bufio.NewScanner(got.Body)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "data:") {
		t.Fatalf("got %d %q (%v), want an event", got.StatusCode, lines.Text(), lines.Err())
	}
	return func() error {
		for lines.Scan() { // until the stream ends
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the event stream at %s goes on", client.Base)
		}
		return nil
	}
}

// openSocket opens a WebSocket. The function that it returns waits for the end, which has to be 1008.
func openSocket(t *testing.T, client *contract.Client, secret string) func() error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	t.Cleanup(cancel)
	socket, _, err := websocket.Dial(ctx, client.Base+"/echo/websocket", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + secret}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	return func() error {
		if _, _, err := socket.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			return fmt.Errorf("the WebSocket at %s: got %w, want 1008", client.Base, err)
		}
		return nil
	}
}
