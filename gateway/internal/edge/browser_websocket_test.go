package edge_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
)

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

// A proxy in front that knows nothing of WebSockets makes something else of a handshake. The token is taken off all the same.
func TestNoUpstreamGetsATokenAmongSubprotocols(t *testing.T) {
	t.Parallel()
	gw := browserGate(t, edge.Config{})
	const offered = "Sec-WebSocket-Protocol: chat, tallygate.token.secret\r\n"
	for _, request := range []string{
		"GET /public HTTP/1.1\r\nHost: a\r\n" + offered + "\r\n",
		"GET /public HTTP/1.0\r\nHost: a\r\n" + offered + "\r\n",
		"GET /public HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + offered + "\r\n",
		"POST /public HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n" + offered + "\r\n",
		"GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
	} {
		resp, body := call(t, gw, request)
		if resp.StatusCode != 200 || strings.Contains(body, "secret") || !strings.Contains(body, "Protocol: chat\r\n") {
			t.Errorf("%.40q: got %d %s", request, resp.StatusCode, body)
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
