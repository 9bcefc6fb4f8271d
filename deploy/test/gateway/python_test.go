package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// run runs a program to its end, and returns what it printed.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

// twoCalls makes two calls on one connection, and prints the status and the body of each.
const twoCalls = `
import http.client, sys
c = http.client.HTTPConnection(sys.argv[1])
for path in sys.argv[2:]:
    c.request("GET", path)
    r = c.getresponse()
    print(r.status, r.read().decode())
`

// TestPythonGetsEachResponseForItsOwnCall: http.client takes every 1xx but 100 for the final response.
func TestPythonGetsEachResponseForItsOwnCall(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3: install it to try its HTTP client")
	}
	for _, status := range []int{http.StatusProcessing, http.StatusEarlyHints} {
		g := startGateway(t, public("/a", serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, strings.TrimPrefix(r.URL.Path, "/a/"))
		})))
		if got, want := run(t, python, "-c", twoCalls, g.addr, "/a/first", "/a/second"), "200 first\n200 second\n"; got != want {
			t.Errorf("after %d: got %q, want %q", status, got, want)
		}
	}
}
