package edge_test

import (
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
)

func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

func TestWhatTheUpstreamGetsFromTrustedProxies(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	gw := gateWith(t, edge.Config{Trusted: loopback()}, open("/a", addr))
	plain := gate(t, open("/a", addr))
	own := []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: inner", "X-Forwarded-Proto: http"}
	for sent, want := range map[string][]string{
		"": own,
		"X-Forwarded-For: 198.51.100.7:4711|X-Forwarded-Proto: wss|X-Forwarded-Host: outer.example:81": {
			"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: outer.example:81", "X-Forwarded-Proto: https",
		},
		"X-Forwarded-For: [2001:db8::1]:443|X-Forwarded-Proto: HTTPS": {"X-Forwarded-For: 2001:db8::1", "X-Forwarded-Host: inner", "X-Forwarded-Proto: https"},
		"X-Forwarded-For: 198.51.100.7, 127.0.0.2|X-Forwarded-Proto: https,http|X-Forwarded-Host: outer.example, inner.example": {
			"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: outer.example", "X-Forwarded-Proto: https",
		},
		"X-Forwarded-For: 198.51.100.7|X-Forwarded-Host: a b": {"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: inner", "X-Forwarded-Proto: http"},
		"X-Forwarded-For: 198.51.100.7|X-Forwarded-Host: ":    {"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: inner", "X-Forwarded-Proto: http"},
		"X-Forwarded-For: unknown":                            own,
		`Forwarded: for="198.51.100.7:80";proto=https;host="outer.example:81"`: {
			"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: outer.example:81", "X-Forwarded-Proto: https",
		},
		`Forwarded: for="198.51.100.7`:                  own,
		"X_Forwarded_For: 198.51.100.7":                 own,
		"X-Real-IP: 198.51.100.7|X-Forwarded-Port: 443": own,
		"X-Forwarded-Prefix: /x/":                       slices.Insert(slices.Clone(own), 2, "X-Forwarded-Prefix: /x"),
		"X-Forwarded-Prefix: /x, /y|X-Forwarded-For: 198.51.100.7, 127.0.0.2": {
			"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: inner", "X-Forwarded-Prefix: /x/y", "X-Forwarded-Proto: http",
		},
		"X-Forwarded-Prefix: /x, /y|X-Forwarded-For: 198.51.100.7": {
			"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: inner", "X-Forwarded-Prefix: /y", "X-Forwarded-Proto: http",
		},
		"X-Forwarded-Prefix: /%66iles": slices.Insert(slices.Clone(own), 2, "X-Forwarded-Prefix: /files"),
		"X-Forwarded-Prefix: /":        own,
		"X-Forwarded-Prefix: x":        own,
		"X-Forwarded-Prefix: //evil":   own,
		"X-Forwarded-Prefix: /x/../y":  own,
		"X-Forwarded-Prefix: /x?y":     own,
		`X-Forwarded-Prefix: /\evil`:   own,
		"X-Forwarded-Prefix: /x y":     own,
		"X_Forwarded_Prefix: /x":       own,
	} {
		text := "GET /a HTTP/1.1\r\nHost: inner\r\n" + strings.ReplaceAll(sent+"|", "|", "\r\n") + "\r\n"
		if sent == "" {
			text = "GET /a HTTP/1.1\r\nHost: inner\r\n\r\n"
		}
		if got := forwardedFields(arrived(t, gw, text)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
		if got := forwardedFields(arrived(t, plain, text)); !slices.Equal(got, own) {
			t.Errorf("%q by one who is not trusted: got %q", sent, got)
		}
	}
}

func forwardedFields(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool {
		return !strings.HasPrefix(line, "X-Forwarded-") && !strings.HasPrefix(line, "Forwarded")
	})
}

// TestTheProxiesWordOutlivesTheBuffer: the request's body needs a larger buffer than the head came in.
func TestTheProxiesWordOutlivesTheBuffer(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{Trusted: loopback()}, open("/a", replica(t, echo)))
	for _, length := range []string{"Content-Length: 12000", "Transfer-Encoding: chunked"} {
		c, r := dial(t, gw)
		send(t, c, "POST /a HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 198.51.100.7:1\r\nX-Forwarded-Host: outer.example\r\nX-Forwarded-Prefix: /x\r\n"+length+"\r\n\r\n")
		body := strings.Repeat("b", 12000)
		if length[0] == 'T' {
			body = "2ee0\r\n" + body + "\r\n0\r\n\r\n"
		}
		if _, err := io.WriteString(c, body); err != nil {
			t.Fatal(err)
		}
		resp, got := response(t, r, "POST")
		head, _, _ := strings.Cut(got, "bbb")
		want := []string{"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: outer.example", "X-Forwarded-Prefix: /x", "X-Forwarded-Proto: http"}
		if got := forwardedFields(strings.Split(strings.ReplaceAll(head, "\r", ""), "\n")); resp.StatusCode != 200 || !slices.Equal(got, want) {
			t.Errorf("%s: got %d %q, want %q", length, resp.StatusCode, got, want)
		}
	}
}
