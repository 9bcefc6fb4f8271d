package httpapi_test

import (
	"strings"
	"testing"
)

// TestEveryCSVHasAByteOrderMarkOnRequest: one mark before the names of the columns, and nothing else changes.
func TestEveryCSVHasAByteOrderMarkOnRequest(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	s.deliver(1, 1, "root", "", 3)
	for _, path := range []string{"/users/me/usage", "/admin/users/1/usage", "/admin/usage", "/admin/audit"} {
		plain := s.do(call{path: path + "?format=csv", token: root.Token})
		if plain.status != 200 || strings.Contains(plain.body, "\ufeff") || strings.Count(plain.body, "\n") < 2 {
			t.Fatalf("%s: got %d %q", path, plain.status, plain.body)
		}
		for query, want := range map[string]string{"bom=1": "\ufeff" + plain.body, "bom=0": plain.body, "bom=": plain.body} {
			got := s.do(call{path: path + "?format=csv&" + query, token: root.Token})
			if got.status != 200 || got.body != want {
				t.Errorf("%s with %s: got %d %q, want %q", path, query, got.status, got.body, want)
			}
		}
		for _, query := range []string{"format=csv&bom=2", "format=csv&bom=true", "format=csv&bom=1&bom=1", "bom=1", "format=json&bom=1"} {
			got := s.do(call{path: path + "?" + query, token: root.Token})
			if got.status != 422 || !strings.Contains(got.body, "bom") {
				t.Errorf("%s with %s: got %d %s, want 422 about bom", path, query, got.status, got.body)
			}
		}
	}
}
