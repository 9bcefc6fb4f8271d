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

func TestInformationalResponsesPassToThoseWhoTakeThem(t *testing.T) {
	t.Parallel()
	upstream := rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = fmt.Fprintf(c, "HTTP/1.1 %s X\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", req.Header.Get("X-Interim"))
		}
	})
	switched := open("/switched", upstream)
	switched.Informational = true
	gw := gate(t, open("/a", upstream), switched)
	const navigation = "Sec-Fetch-Mode: navigate\r\n"
	for _, row := range []struct {
		name, request string
		passes        bool
	}{
		{"a program", "GET /a HTTP/1.1\r\nHost: a\r\n", false},
		{"a browser that shows a page", "GET /a HTTP/1.1\r\nHost: a\r\n" + navigation, true},
		{"a browser that spells it in capitals", "GET /a HTTP/1.1\r\nHost: a\r\nSEC-FETCH-MODE: navigate\r\n", true},
		{"a script", "GET /a HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: cors\r\n", false},
		{"a field that only looks alike", "GET /a HTTP/1.1\r\nHost: a\r\nSec_Fetch_Mode: navigate\r\n", false},
		{"a program at a route that says so", "GET /switched HTTP/1.1\r\nHost: a\r\n", true},
		{"an old browser", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n" + navigation, false},
		{"an old program at a route that says so", "GET /switched HTTP/1.0\r\nConnection: keep-alive\r\n", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c, r := dial(t, gw)
			for _, interim := range []int{102, 103, 104, 199, 100} {
				send(t, c, fmt.Sprintf("%sX-Interim: %d\r\n\r\n", row.request, interim))
				want := []int{204}
				if row.passes && interim != 100 { // a 100 is for those who ask for it
					want = []int{interim, 204}
				}
				for _, want := range want {
					if resp, _ := response(t, r, "GET"); resp.StatusCode != want {
						t.Errorf("after %d: got %d, want %d", interim, resp.StatusCode, want)
					}
				}
			}
		})
	}
}
