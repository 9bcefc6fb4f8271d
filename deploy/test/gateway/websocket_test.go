package gateway_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"tallygate/deploy/internal/testbed"
)

func echoServer(t *testing.T) string {
	t.Helper()
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}})
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		conn.SetReadLimit(1 << 22)
		for {
			kind, data, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			if err := conn.Write(r.Context(), kind, data); err != nil {
				return
			}
		}
	})
	return up
}

// TestWebSocket uses a real client and a real server.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	g := startGateway(t, public("/ws", echoServer(t)))
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, "ws://"+g.addr+"/ws/chat?room=1", &websocket.DialOptions{Subprotocols: []string{"echo"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != "echo" {
		t.Errorf("subprotocol: got %q, want echo", got)
	}
	conn.SetReadLimit(1 << 22)
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		sent := make([]byte, size)
		_, _ = rand.Read(sent) // never fails
		if err := conn.Write(ctx, websocket.MessageBinary, sent); err != nil {
			t.Fatal(err)
		}
		_, got, err := conn.Read(ctx)
		if err != nil || !slices.Equal(got, sent) {
			t.Fatalf("a message of %d bytes: got %d bytes (%v)", size, len(got), err)
		}
	}
	if err := conn.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("the closing handshake: %v", err)
	}
}

func TestWebSocketWhereTheRouteAllowsNone(t *testing.T) {
	t.Parallel()
	g := startGateway(t, route("plain", "/plain", []string{echoServer(t)}, "auth: public", "websocket: false"))
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	_, resp, err := websocket.Dial(ctx, "ws://"+g.addr+"/plain", nil)
	if err == nil || resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
		t.Errorf("got %v (%v), want a response that is no upgrade", resp, err)
	}
}

// TestAnUpstreamThatSwitchesUnasked: a 101 without an Upgrade in the request is a 502, not a tunnel.
func TestAnUpstreamThatSwitchesUnasked(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, func(message) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	})
	g := startGateway(t, public("/ws", up.addr))
	client := dial(t, g.addr)
	client.send("GET /ws HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if r := client.must(t, "GET"); r.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d, want 502", r.StatusCode)
	}
}
