package route_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/route"
)

func TestBuiltinRoutesCanBeMoved(t *testing.T) {
	t.Parallel()
	moved := route.Builtins{Auth: "auth:1", Math: "math:2", Under: "/auth/v1"}.Routes()
	where := map[string]string{}
	for _, r := range route.Builtin("auth:1", "math:2") {
		where[r.Name] = r.Path
	}
	if len(moved) != len(where) {
		t.Errorf("got %d routes, want %d", len(moved), len(where))
	}
	for _, r := range moved {
		if r.Path != "/auth/v1"+where[r.Name] || r.Under != "/auth/v1" {
			t.Errorf("%s: got %s under %s", r.Name, r.Path, r.Under)
		}
	}
	table, err := route.NewTable(moved)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/auth/v1/users/me/sessions/x": true, "/auth/v1/root": true, "/token": false, "/auth/v1": false, "/auth/token": false} {
		if _, got := table.Find([]byte(path)); got != want {
			t.Errorf("%s: got %t", path, got)
		}
	}
}

func TestRootCanBeLeftOut(t *testing.T) {
	t.Parallel()
	for _, r := range (route.Builtins{Auth: "auth:1", NoRoot: true}).Routes() {
		if r.Path == "/root" || strings.Join(r.Upstreams, "") != "auth:1" {
			t.Errorf("%s leads to %v", r.Path, r.Upstreams)
		}
	}
	if got, want := len(route.Builtins{NoRoot: true}.Routes()), len(route.Builtin("", ""))-1; got != want {
		t.Errorf("got %d routes, want %d", got, want)
	}
}

// TestBuiltinRoutesAreDocumented compares them with the table in docs/routes.md.
func TestBuiltinRoutesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/routes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### Built-in routes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var got, want []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	for _, r := range route.Builtin("auth:1", "math:2") {
		token := "yes"
		if r.Public {
			token = "no"
		}
		want = append(want, fmt.Sprintf("| `%s` | `%s` | `%s` | %s |", r.Name, strings.Join(r.Methods, "`, `"), r.Path, token))
		if !r.Exact {
			t.Errorf("%s is not exact, as docs/routes.md says", r.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
