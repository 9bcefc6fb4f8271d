package httpd_test

import (
	"strings"
	"testing"

	"tallygate/kit/httpd"
)

func TestRequestIDsFromClientsAreKeptOnlyIfHarmless(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "A-b_c.9", strings.Repeat("x", 128)} {
		if got := httpd.RequestID(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range []string{"", "a b", "a\nb", "é", strings.Repeat("x", 129), `"`} {
		if got := httpd.RequestID(bad); got == bad || !httpd.ValidRequestID(got) {
			t.Errorf("%q became %q", bad, got)
		}
	}
}
