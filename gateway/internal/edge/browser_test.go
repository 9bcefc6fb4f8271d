package edge_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
	"tallygate/kit/token"
)

// browserGate has a route that needs a token, a public one, and one for the account. The upstream of all responds with the request.
func browserGate(t *testing.T, cfg edge.Config) string {
	t.Helper()
	up := replica(t, echo)
	account := locked("/account", up)
	account.NoTickets = true
	return gateWith(t, cfg, locked("/a", up), open("/public", up), account)
}

func TestATicketInTheQueryStandsForAToken(t *testing.T) {
	t.Parallel()
	gw := browserGate(t, edge.Config{})
	for request, forwarded := range map[string]string{
		"GET /a?ticket=tgt_for":                            "GET /a",
		"HEAD /a?ticket=tgt_for":                           "",
		"GET /a/b?x=%2f&ticket=tgt_for&y=a+b":              "GET /a/b?x=%2f&y=a+b",
		"GET /a/b?ticket=tgt_for:a:b&":                     "GET /a/b",
		"GET /a/%62?ticket=tgt_for:a:b":                    "GET /a/b",
		"GET /a/b?ticket=tgt_for:a:%62":                    "GET /a/b",
		"GET /a/b%20c?ticket=tgt_for:a:b%20c":              "GET /a/b%20c",
		"GET /a?ticket=4711&ticket=tgt_for":                "GET /a?ticket=4711",
		"GET /a?Ticket=tgt_for&ticket=tgt_for&%74icket=a=": "GET /a?Ticket=tgt_for&%74icket=a=",
	} {
		method, _, _ := strings.Cut(request, " ")
		resp, body := call(t, gw, request+" HTTP/1.1\r\nHost: a\r\n\r\n")
		if resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "private" {
			t.Errorf("%s: got %d %v %s", request, resp.StatusCode, resp.Header, body)
			continue
		}
		if method == "HEAD" {
			continue
		}
		if line, _, _ := strings.Cut(body, "\n"); line != forwarded || !strings.Contains(body, "X-User-Id: 7\r\n") || strings.Contains(body, "tgt_for:") {
			t.Errorf("%s: got %s, want %s for user 7", request, body, forwarded)
		}
	}
}

func TestATicketIsRefusedLikeABadToken(t *testing.T) {
	t.Parallel()
	gw := browserGate(t, edge.Config{})
	const good = "Authorization: Bearer good\r\n"
	for name, text := range map[string]string{
		"a malformed one":                      "GET /a?ticket=x HTTP/1.1\r\nHost: a\r\n\r\n",
		"an empty one":                         "GET /a?ticket= HTTP/1.1\r\nHost: a\r\n\r\n",
		"one that nobody has sealed":           "GET /a?ticket=tgt_x HTTP/1.1\r\nHost: a\r\n\r\n",
		"for another path":                     "GET /a/b?ticket=tgt_for:a HTTP/1.1\r\nHost: a\r\n\r\n",
		"for a path above":                     "GET /a/b?ticket=tgt_for: HTTP/1.1\r\nHost: a\r\n\r\n",
		"for a path in another case":           "GET /a/B?ticket=tgt_for:a:b HTTP/1.1\r\nHost: a\r\n\r\n",
		"for no path at all":                   "GET /a?ticket=tgt_for:%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n",
		"two of them":                          "GET /a?ticket=tgt_for&ticket=tgt_for HTTP/1.1\r\nHost: a\r\n\r\n",
		"with a token beside it":               "GET /a?ticket=tgt_for HTTP/1.1\r\nHost: a\r\n" + good + "\r\n",
		"with an empty field beside it":        "GET /a?ticket=tgt_for HTTP/1.1\r\nHost: a\r\nAuthorization:\r\n\r\n",
		"with itself in the field":             "GET /a?ticket=tgt_for HTTP/1.1\r\nHost: a\r\nAuthorization: tgt_for\r\n\r\n",
		"in the field alone":                   "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer tgt_for\r\n\r\n",
		"for a request that changes something": "DELETE /a?ticket=tgt_for HTTP/1.1\r\nHost: a\r\n\r\n",
		"for a request with a body":            "POST /a?ticket=tgt_for HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
		"for the account":                      "GET /account?ticket=tgt_for HTTP/1.1\r\nHost: a\r\n\r\n",
		"for the account, with a token":        "GET /account?ticket=tgt_for HTTP/1.1\r\nHost: a\r\n" + good + "\r\n",
		"an access token in its place":         "GET /a?ticket=good HTTP/1.1\r\nHost: a\r\n\r\n",
		"an access token behind its prefix":    "GET /a?ticket=tgt_good HTTP/1.1\r\nHost: a\r\n\r\n",
		"among subprotocols":                   "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: tallygate.token.tgt_for\r\n\r\n",
	} {
		resp, body := call(t, gw, text)
		if resp.StatusCode != 401 || body != refused || resp.Header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
			t.Errorf("%s: got %d %v %s", name, resp.StatusCode, resp.Header, body)
		}
	}
}

// On a route whose paths are raw, a ticket is for the path as it was written.
func TestATicketForARawPath(t *testing.T) {
	t.Parallel()
	raw := locked("/a", replica(t, echo))
	raw.RawPaths = true
	gw := gate(t, raw)
	for request, want := range map[string]string{
		"/a/b%2Fc?x&ticket=tgt_for:a:b%2Fc": "GET /a/b%2Fc?x",
		"/a/b%2Fc?ticket=tgt_for":           "GET /a/b%2Fc",
		"/a//b;c?ticket=tgt_for:a::b;c":     "GET /a//b;c",
		"/a/%62?ticket=tgt_for:a:b":         "GET /a/%62",
		"/a/b%2Fc?ticket=tgt_for:a:b:c":     "",
		"/a/b%2Fc?ticket=tgt_for:a:b%2fc":   "",
		"/a//b?ticket=tgt_for:a:b":          "",
		"/a/b?ticket=tgt_for:a::b":          "",
	} {
		resp, body := call(t, gw, "GET "+request+" HTTP/1.1\r\nHost: a\r\n\r\n")
		line, _, _ := strings.Cut(body, "\n")
		if want != "" && (resp.StatusCode != 200 || line != want) || want == "" && resp.StatusCode != 401 {
			t.Errorf("%s: got %d %s, want %q", request, resp.StatusCode, line, want)
		}
	}
}

// Only the upstream of a route that forwards tokens gets the token for which a ticket or a subprotocol stood.
func TestTheTokenGoesWhereTokensGo(t *testing.T) {
	t.Parallel()
	up := replica(t, echo)
	forwards, replaces := locked("/forwards", up), locked("/replaces", up)
	forwards.ForwardToken, replaces.Authorization = true, "Basic own"
	gw := gate(t, locked("/drops", up), forwards, replaces)
	for path, want := range map[string]string{"/drops": "", "/forwards": "Bearer good", "/replaces": "Basic own"} {
		for name, text := range map[string]string{
			"a ticket":      "GET " + path + "?ticket=tgt_for HTTP/1.1\r\nHost: a\r\n\r\n",
			"a subprotocol": strings.Replace(handshake, "/a", path, 1) + "Sec-WebSocket-Protocol: tallygate.token.good\r\n\r\n",
			"a field":       "GET " + path + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n",
		} {
			resp, body := call(t, gw, text)
			_, lines, _ := strings.Cut(body, "\n")
			if got := readFields(t, lines).Values("Authorization"); resp.StatusCode != 200 || strings.Join(got, "|") != want {
				t.Errorf("%s at %s: got %d and %q, want %q", name, path, resp.StatusCode, got, want)
			}
		}
	}
}

// What an upstream calls a ticket is its own.
func TestAParameterOfTheUpstreamsOwnPasses(t *testing.T) {
	t.Parallel()
	gw := browserGate(t, edge.Config{})
	for request, want := range map[string]string{
		"GET /a?ticket=4711 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n":          "GET /a?ticket=4711",
		"GET /a?ticket=&a&ticket HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n":     "GET /a?ticket=&a&ticket",
		"GET /a?my-ticket=tgt_for HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n":    "GET /a?my-ticket=tgt_for",
		"GET /public?ticket=tgt_for&a HTTP/1.1\r\nHost: a\r\n\r\n":                              "GET /public?ticket=tgt_for&a",
		"GET /public?ticket=4711 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer whatever\r\n\r\n": "GET /public?ticket=4711",
	} {
		resp, body := call(t, gw, request)
		if line, _, _ := strings.Cut(body, "\n"); resp.StatusCode != 200 || line != want || resp.Header.Get("Cache-Control") != "" {
			t.Errorf("%s: got %d %s, want %s", request, resp.StatusCode, body, want)
		}
	}
}

func TestNoLogOfTheGatewayHasATicketOrAToken(t *testing.T) {
	t.Parallel()
	var log, access bytes.Buffer
	accessLog := edge.NewAccessLog(&access, "gateway", false)
	gw := browserGate(t, edge.Config{Access: accessLog, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, text := range []string{
		"GET /a?ticket=tgt_for HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a?ticket=tgt_secret HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /a?ticket=tgt_secret HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n", "POST /a?ticket=tgt_secret HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /a?ticket=tgt_secret HTTP/1.1\r\nHost: a\r\nBad Field: 1\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Protocol: tallygate.token.secret\r\n\r\n",
	} {
		call(t, gw, text)
	}
	accessLog.Flush()
	for _, secret := range []string{"tgt_", "secret", "tallygate.token", "good"} {
		if strings.Contains(log.String(), secret) || strings.Contains(access.String(), secret) {
			t.Errorf("%s is in a log:\n%s\n%s", secret, log.String(), access.String())
		}
	}
	if got := strings.Count(access.String(), `"msg":"request"`); got < 5 {
		t.Errorf("got %d lines", got)
	}
}

// TestAStreamOpenedWithATicketEndsWithItsPermission and is counted for its user.
func TestAStreamOpenedWithATicketEndsWithItsPermission(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"a ticket":      strings.Replace(strings.Replace(upgrade, "/a", "/a?ticket=tgt_for", 1), "Authorization: good\r\n", "", 1),
		"a subprotocol": strings.Replace(upgrade, "Authorization: good", "Sec-WebSocket-Protocol: tallygate.token.good", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, request, upgraded, func(*route.Route) {})
			if resp, err := http.ReadResponse(e.in, nil); err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %v, %v", resp, err)
			}
			e.revoke(token.ErrInvalid)
			if rest, err := io.ReadAll(e.in); err != nil || string(rest) != "\x88\x09\x03\xf0invalid" {
				t.Errorf("got %q, %v", rest, err)
			}
			e.ended(usage{Requests: 1, Units: 1}, "101", "invalid")
		})
	}
}
