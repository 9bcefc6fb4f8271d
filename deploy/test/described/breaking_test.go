package described_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

const descriptionFile = "gateway/internal/console/static/openapi.json"

// TestBreakingChangesAreCaught makes changes that break clients, and one that does not, and runs what `make openapi-check` runs.
func TestBreakingChangesAreCaught(t *testing.T) {
	t.Parallel()
	tool(t, "oasdiff") // built once, and not by several tests at a time
	text, err := os.ReadFile(filepath.Join(testbed.Root(), descriptionFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		change func(doc members)
		want   string // a part of the report; empty: no report
	}{
		{"a member of a response is removed", func(doc members) {
			account := in(doc, "components", "schemas", "Account")
			delete(in(account, "properties"), "plan")
			account["required"] = []string{"user_id", "username", "created_at", "role", "roles", "totp"}
		}, "response-required-property-removed"},
		{"a member of a request becomes required", func(doc members) {
			in(doc, "paths", "/users/me/keys", "post", "requestBody", "content", "application/json", "schema")["required"] = []string{"name", "routes"}
		}, "request-property-became-required"},
		{"an operation is removed", func(doc members) { delete(in(doc, "paths"), "/users/me/limits") }, "api-path-removed-without-deprecation"},
		{"an operation is added", func(doc members) {
			in(doc, "paths")["/new"] = members{"get": members{"operationId": "new", "responses": members{"204": members{"description": "Nothing."}}}}
		}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var doc members
			if err := json.Unmarshal(text, &doc); err != nil {
				t.Fatal(err)
			}
			row.change(doc)
			changed, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			revision := filepath.Join(t.TempDir(), "openapi.json")
			if err := os.WriteFile(revision, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "make", "-s", "openapi-check", "RELEASED="+descriptionFile, "DESCRIPTION="+revision)
			cmd.Dir = testbed.Root()
			out, err := cmd.CombinedOutput()
			if caught := err != nil; caught != (row.want != "") || !strings.Contains(string(out), row.want) {
				t.Errorf("got %v %s, want %s", err, out, row.want)
			}
		})
	}
}

// in is an object inside another one.
func in(doc members, path ...string) members {
	for _, name := range path {
		doc, _ = doc[name].(members)
	}
	return doc
}
