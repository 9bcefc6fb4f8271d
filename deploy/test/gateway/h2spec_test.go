//go:build h2spec

package gateway_test

import (
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestH2Spec: the gateway passes all of h2spec, also its strict part.
func TestH2Spec(t *testing.T) {
	t.Parallel()
	h2spec := filepath.Join(testbed.Root(), "bin", "tools", "h2spec")
	// Some tests need five bytes of body.
	up := newRecorder(t, func(message) string { return "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello, world" })
	g, _ := startHTTP2(t, public("/c", up.addr))
	host, port, err := net.SplitHostPort(g.addr)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), h2spec, "--strict", "--tls", "--insecure", "--host", host, "--port", port, "--path", "/c",
		"generic", "http2", "hpack").CombinedOutput()
	if text := string(out); err != nil || !strings.Contains(text, "146 tests, 146 passed, 0 skipped, 0 failed") {
		_, failures, _ := strings.Cut(text, "Failures:")
		t.Errorf("%v: %s%s", err, text[max(0, len(text)-200):], failures)
	}
}
