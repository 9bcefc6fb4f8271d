package catalog_test

import (
	"testing"

	"tallygate/kit/problem/catalog"
)

func TestAProblemIsKnownInBothForms(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]bool{
		"/problems/busy": true, "urn:tallygate:problem:busy": true,
		"/problems/busy2": false, "busy": false, "/problems/": false, "https://a.example/problems/busy": false, "": false,
	} {
		if got := catalog.Says([]byte(`{"type":"`+typ+`","status":503}`), "busy"); got != want {
			t.Errorf("%q: got %t", typ, got)
		}
	}
}
