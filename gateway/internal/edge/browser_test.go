package edge_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
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

// chooser is an upstream that changes the protocol and chooses this subprotocol, or none. It sends what it was offered.
func chooser(t *testing.T, chosen string) string {
	t.Helper()
	return rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return // a health check
		}
		field := ""
		if chosen != "" {
			field = "Sec-WebSocket-Protocol: " + chosen + "\r\n"
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n"+field+"\r\n")
		_ = req.Header.Write(c)
		_, _ = io.Copy(io.Discard, r)
	})
}

const handshake = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n"

func TestATokenAmongSubprotocolsOpensAWebSocket(t *testing.T) {
	t.Parallel()
	const offer = "Sec-WebSocket-Protocol: "
	for name, row := range map[string]struct {
		fields, upstreamChooses string
		offered                 []string // to the upstream
		chosen                  []string // for the client
	}{
		"alone":                           {offer + "tallygate.token.good\r\n", "", nil, []string{"tallygate.token.good"}},
		"with the name":                   {offer + "tallygate, tallygate.token.good\r\n", "", nil, []string{"tallygate"}},
		"the upstream chooses":            {offer + "chat,tallygate,tallygate.token.good,v2\r\n", "chat", []string{"chat,v2"}, []string{"chat"}},
		"the upstream chooses none":       {offer + "chat, tallygate.token.good\r\n", "", []string{"chat"}, []string{"tallygate.token.good"}},
		"in a field of its own":           {offer + "chat\r\n" + offer + "tallygate.token.good\r\n", "chat", []string{"chat"}, []string{"chat"}},
		"the name in a field of its own":  {offer + "tallygate\r\n" + offer + "tallygate.token.good\r\n", "", nil, []string{"tallygate"}},
		"the field, and no token in it":   {"Authorization: Bearer good\r\n" + offer + "tallygate, chat\r\n", "", []string{"tallygate, chat"}, nil},
		"other names that look like ours": {"Authorization: Bearer good\r\n" + offer + "tallygate.tokens, Tallygate.Token.x\r\n", "", []string{"tallygate.tokens, Tallygate.Token.x"}, nil},
	} {
		gw := gate(t, locked("/a", chooser(t, row.upstreamChooses)))
		c, r := dial(t, gw)
		send(t, c, handshake+row.fields+"\r\n")
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
			t.Errorf("%s: got %v, %v", name, resp, err)
			continue
		}
		_ = c.(*net.TCPConn).CloseWrite()
		got, err := io.ReadAll(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		arrived := readFields(t, string(got))
		if chosen := resp.Header.Values("Sec-Websocket-Protocol"); strings.Join(chosen, "|") != strings.Join(row.chosen, "|") {
			t.Errorf("%s: the client gets %q, want %q", name, chosen, row.chosen)
		}
		if offered := arrived.Values("Sec-Websocket-Protocol"); strings.Join(offered, "|") != strings.Join(row.offered, "|") {
			t.Errorf("%s: the upstream gets %q, want %q", name, offered, row.offered)
		}
		if arrived.Get("X-User-Id") != "7" || strings.Contains(string(got), "tallygate.token.good") {
			t.Errorf("%s: the upstream gets %s", name, got)
		}
	}
}

func readFields(t *testing.T, lines string) http.Header {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\n"+lines+"\r\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header
}

func TestATokenAmongSubprotocolsIsTakenForNothingElse(t *testing.T) {
	t.Parallel()
	up := chooser(t, "")
	plain := locked("/a/plain", up)
	plain.WebSocket = false
	gw := gate(t, locked("/a", up), plain)
	const offer = "Sec-WebSocket-Protocol: tallygate.token.good\r\n"
	for name, row := range map[string]struct{ text, challenge string }{
		"no handshake":                {"GET /a HTTP/1.1\r\nHost: a\r\n" + offer + "\r\n", "Bearer"},
		"a handshake with a body":     {strings.Replace(handshake, "GET", "POST", 1) + "Content-Length: 0\r\n" + offer + "\r\n", "Bearer"},
		"a route without WebSockets":  {strings.Replace(handshake, "/a", "/a/plain", 1) + offer + "\r\n", "Bearer"},
		"a token in the field too":    {handshake + "Authorization: Bearer good\r\n" + offer + "\r\n", `Bearer error="invalid_token"`},
		"a token in the field, plain": {"GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n" + offer + "\r\n", `Bearer error="invalid_token"`},
		"two tokens":                  {handshake + offer + offer + "\r\n", `Bearer error="invalid_token"`},
		"a ticket too":                {strings.Replace(handshake, "/a", "/a?ticket=tgt_for", 1) + offer + "\r\n", `Bearer error="invalid_token"`},
		"an empty token":              {handshake + "Sec-WebSocket-Protocol: tallygate.token.\r\n\r\n", "Bearer"},
		"a bad token":                 {handshake + "Sec-WebSocket-Protocol: tallygate.token.bad\r\n\r\n", `Bearer error="invalid_token"`},
		"its alias":                   {handshake + "Sec_WebSocket_Protocol: tallygate.token.good\r\n\r\n", "Bearer"},
	} {
		resp, body := call(t, gw, row.text)
		if resp.StatusCode != 401 || body != refused || resp.Header.Get("WWW-Authenticate") != row.challenge {
			t.Errorf("%s: got %d %v %s", name, resp.StatusCode, resp.Header, body)
		}
	}
}

// A public route's upstream gets no token that nobody asks for, and the client its choice all the same.
func TestAPublicRouteTakesTheTokenOffToo(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", chooser(t, "")))
	c, r := dial(t, gw)
	send(t, c, handshake+"Sec-WebSocket-Protocol: tallygate, tallygate.token.secret, chat\r\n\r\n")
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.Header.Get("Sec-Websocket-Protocol") != "tallygate" {
		t.Fatalf("got %v, %v", resp, err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(r); err != nil || strings.Contains(string(got), "secret") || !strings.Contains(string(got), "Protocol: chat\r\n") {
		t.Errorf("the upstream gets %s, %v", got, err)
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
			e.ended(usage{Requests: 1}, "101", "invalid")
		})
	}
}
