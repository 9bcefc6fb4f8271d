package httpd_test

import (
	"testing"

	"tallygate/kit/httpd"
)

func TestOnlyMethodsOfHTTPAreNamed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"} {
		if got := httpd.KnownMethod(name).String(); got != name {
			t.Errorf("%s: got %s", name, got)
		}
	}
	for _, name := range []string{"", "get", "BREW"} {
		if got := httpd.KnownMethod(name).String(); got != "_OTHER" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
