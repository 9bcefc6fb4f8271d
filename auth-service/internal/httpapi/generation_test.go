package httpapi_test

import (
	"fmt"
	"testing"
)

// A gateway compares generations to see that a token is newer than its record. So each change of what a token means has to
// raise the generation.
func TestDisablingAndEnablingEachRaiseTheGeneration(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		id := s.register(t, "ada", "123456")
		for _, step := range []struct {
			body string
			want int64
		}{
			{`{"disabled":false}`, 1}, // changes nothing
			{`{"disabled":true}`, 2},
			{`{"disabled":true}`, 2},
			{`{"disabled":false}`, 3},
			{`{"disabled":true,"role":"admin"}`, 4},
		} {
			edit := call{method: "PATCH", path: fmt.Sprint("/admin/users/", id), token: root.Token, body: step.body}
			fetch[managedUser](t, s, edit, 200)
			got := fetch[record](t, s, call{path: fmt.Sprint("/internal/users/", id), token: s.internal}, 200)
			if got.Generation != step.want {
				t.Errorf("after %s: got generation %d, want %d", step.body, got.Generation, step.want)
			}
		}
	})
}
