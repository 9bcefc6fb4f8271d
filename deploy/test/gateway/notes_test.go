package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestNotes does what docs/your-service.md says, with the files in docs/examples/notes.
func TestNotes(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3: install it to try the service of docs/your-service.md")
	}
	example := filepath.Join(testbed.Root(), "docs", "examples", "notes")
	text, err := os.ReadFile(filepath.Join(example, "routes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(testbed.Root(), "docs", "your-service.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, text) {
		t.Error("docs/your-service.md does not show routes.yaml as it is")
	}
	addr := testbed.FreeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	start(t, python, []string{filepath.Join(example, "notes.py"), port}).awaitListening(t, addr)
	g := startWithUsers(t, strings.ReplaceAll(string(text), "127.0.0.1:9300", addr))
	_, ada := g.user(t, "ada")
	_, bob := g.user(t, "bob")

	call := func(method, token, body, alias string) (int, string) {
		return callNotes(t, g.url("/notes"), method, token, body, alias)
	}
	for _, note := range []string{"Buy milk", "Call Bob"} {
		if status, body := call(http.MethodPost, ada, note, ""); status != http.StatusCreated {
			t.Fatalf("got %d %s, want 201", status, body)
		}
	}
	for _, alias := range []string{"", "X-User-Id", "x-user-id", "X_User_Id", "X-User_Id", "X.User.Id"} {
		for who, want := range map[string][]string{ada: {"Buy milk", "Call Bob"}, bob: {}} {
			status, body := call(http.MethodGet, who, "", alias)
			var got struct{ Notes []string }
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK || !slices.Equal(got.Notes, want) {
				t.Errorf("with %q from the client: got %d %s, want the caller's own notes %q", alias, status, body, want)
			}
		}
	}
	if status, body := call(http.MethodDelete, ada, "", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: got %d %s, want 405", status, body)
	}
	if status, body := call(http.MethodGet, "nonsense", "", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: got %d %s, want 401", status, body)
	}
}

// callNotes calls with a token. If alias is set, the client also sends a field with that name.
func callNotes(t *testing.T, url, method, token, body, alias string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if alias != "" {
		r.Header[alias] = []string{"1"}
	}
	resp, err := http.DefaultClient.Do(r)
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
