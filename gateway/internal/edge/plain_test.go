package edge_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
)

// secured starts a gateway that speaks TLS, and returns its address and clients' settings.
func secured(t *testing.T) (gw string, client *tls.Config) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.StartTLS()
	t.Cleanup(s.Close)
	cfg := edge.Config{TLS: &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}}
	return gateWith(t, cfg, open("/a", replica(t, echo))), s.Client().Transport.(*http.Transport).TLSClientConfig
}

// answered is all that the gateway sends to a client that sends these pieces, until it closes the connection.
func answered(t *testing.T, gw string, pieces ...string) string {
	t.Helper()
	c, err := net.Dial("tcp", gw)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, piece := range pieces {
		if _, err := io.WriteString(c, piece); err != nil {
			t.Fatalf("%.20q: %v", piece, err)
		}
	}
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%.20q: got %q, %v", pieces[0], text, err)
	}
	return string(text)
}

func TestPlainHTTPToAPortOfHTTPSIsAnsweredWithASentence(t *testing.T) {
	t.Parallel()
	gw, client := secured(t)
	for name, pieces := range map[string][]string{
		"GET":                  {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"},
		"in pieces":            {"G", "E", "T /a", " HTTP/1.1\r\n", "Host: a\r\n\r\n"},
		"OPTIONS":              {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
		"absolute-form":        {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
		"a long method":        {"PROPFIND /a HTTP/1.1\r\nHost: a\r\n\r\n"},
		"HTTP/1.0":             {"GET / HTTP/1.0\r\n\r\n"},
		"HTTP/2 without TLS":   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		"with a body":          {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n", strings.Repeat("x", 500_000)},
		"two requests":         {"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"},
		"a malformed request":  {"GET /../ HTTP/9\n\n"},
		"a request with PATCH": {"PATCH /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
	} {
		head, body, _ := strings.Cut(answered(t, gw, pieces...), "\r\n\r\n")
		for _, want := range []string{"HTTP/1.1 400 Bad Request\r\n", "\r\nContent-Type: application/problem+json", "\r\nConnection: close", "\r\nX-Request-Id: "} {
			if !strings.Contains(head, want) {
				t.Errorf("%s: got %q, want %q", name, head, want)
			}
		}
		if !strings.Contains(body, `"/problems/https-required"`) || !strings.Contains(body, "This port speaks HTTPS") || strings.Contains(head, "Strict-Transport") {
			t.Errorf("%s: got %q %q", name, head, body)
		}
	}
	if text := answered(t, gw, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(text, "HTTP/1.1 400 ") || !strings.HasSuffix(text, "\r\n\r\n") {
		t.Errorf("HEAD: got %q", text)
	}
	c, err := tls.Dial("tcp", gw, &tls.Config{RootCAs: client.RootCAs, ServerName: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200 ") {
		t.Errorf("over TLS: got %q, %v", text, err)
	}
}

func TestWhoSpeaksNeitherTLSNorHTTPIsNotAnswered(t *testing.T) {
	t.Parallel()
	gw, _ := secured(t)
	for _, text := range []string{
		"SSH-2.0-OpenSSH_9.2\r\n", "get /a http/1.1\r\n\r\n", "\x00\x00\x00\x00\x00\x00", "A B C D E\r\n", "\x03\x00\x00\x13\x0e\xe0\x00", "12345678", "\xff\xfe\xfd\xfc\xfb", "\r\nGET / HTTP/1.1\r\n\r\n",
	} {
		if got := answered(t, gw, text); got != "" {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
