package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestWebSocketsPassAndNothingElseChangesTheProtocol(t *testing.T) {
	t.Parallel()
	addr := rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if !strings.EqualFold(req.Header.Get("Upgrade"), "websocket") {
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno")
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n")
		_, _ = io.Copy(c, r)
	})
	forbidden := open("/plain", addr)
	forbidden.WebSocket = false
	gw := gate(t, open("/ws", addr), forbidden)
	c, r := dial(t, gw)
	send(t, c, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\nearly")
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 || resp.Header.Get("Sec-Websocket-Accept") != "x" {
		t.Fatalf("got %v, %v", resp, err)
	}
	send(t, c, " and late")
	got := make([]byte, len("early and late"))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != "early and late" {
		t.Errorf("got %q, %v", got, err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if !closed(r) {
		t.Error("the upstream's end did not come through")
	}
	for path, upgrade := range map[string]string{"/ws": "h2c", "/plain": "websocket"} {
		resp, body := call(t, gw, "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "+upgrade+"\r\n\r\n")
		if resp.StatusCode != 200 || body != "no" {
			t.Errorf("%s to %s: got %d %s", path, upgrade, resp.StatusCode, body)
		}
	}
}

func TestInformationalResponsesPass(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusNoContent)
	})))
	c, r := dial(t, gw)
	send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	for _, want := range []int{103, 204} {
		if resp, _ := response(t, r, "GET"); resp.StatusCode != want {
			t.Errorf("got %d, want %d", resp.StatusCode, want)
		}
	}
	send(t, c, "GET /a HTTP/1.0\r\n\r\n")
	if resp, _ := response(t, r, "GET"); resp.StatusCode != 204 {
		t.Errorf("HTTP/1.0: got %d, want 204 alone", resp.StatusCode)
	}
}
