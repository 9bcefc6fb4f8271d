package edge_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
)

// arrived is the request as the upstream got it: echo makes the body from it.
func arrived(t *testing.T, gw, text string) []string {
	t.Helper()
	resp, body := call(t, gw, text)
	if resp.StatusCode != 200 {
		t.Fatalf("got %d %s", resp.StatusCode, body)
	}
	return strings.Split(strings.ReplaceAll(body, "\r", ""), "\n")
}

func TestTheUpstreamGetsOnlyTrustedFields(t *testing.T) {
	t.Parallel()
	r := locked("/a", replica(t, echo))
	r.ForwardToken = true
	gw := gate(t, r)
	got := arrived(t, gw, "GET /a/b?c=%2f HTTP/1.1\r\nHost: Public.example:8000\r\nAuthorization: Bearer good\r\n"+
		"X-User-Id: 1\r\nX_User_Id: 1\r\nx.user.id: 1\r\nX-Forwarded-User: root\r\nRemote-User: root\r\n"+
		"Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX_Forwarded_For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n"+
		"X-Original-URL: /admin\r\nX-HTTP-Method-Override: DELETE\r\nContent_Length: 5\r\n"+
		"Connection: X-Drop-Me, keep-alive\r\nX-Drop-Me: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: X\r\nProxy-Connection: x\r\n"+
		"Upgrade: h2c\r\nHTTP2-Settings: x\r\nVia: 1.0 before\r\nX-Request-Id: my.id-1\r\nX-Kept: yes\r\nAccept-Encoding: gzip\r\n\r\n")
	want := []string{
		"GET /a/b?c=%2f", "Host: Public.example:8000", "Accept-Encoding: gzip", "Authorization: Bearer good",
		"Via: 1.0 before, 1.1 test", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: Public.example:8000",
		"X-Forwarded-Proto: http", "X-Kept: yes", "X-Request-Id: my.id-1", "X-User-Id: 7", "",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAProxyInFrontIsBelievedOnlyIfItIsTrusted(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	const text = "GET /a HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 9.9.9.9, 198.51.100.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer.example\r\n\r\n"
	trusting := gateWith(t, edge.Config{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, open("/a", addr))
	for gw, want := range map[string][]string{
		gate(t, open("/a", addr)): {"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: inner", "X-Forwarded-Proto: http"},
		trusting:                  {"X-Forwarded-For: 198.51.100.7", "X-Forwarded-Host: outer.example", "X-Forwarded-Proto: https"},
	} {
		got := arrived(t, gw, text)
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("got\n%s\nwithout %s", strings.Join(got, "\n"), line)
			}
		}
	}
}

func TestTheResponseLosesHopByHopFieldsOnly(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 203 Fancy Reason\r\nConnection: X-Drop-Me, close\r\nX-Drop-Me: 1\r\nKeep-Alive: timeout=5\r\n"+
				"Upgrade: h2c\r\nX-Request-Id: theirs\r\nContent-Encoding: gzip\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"+
				"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nhi")
		}
	})))
	c, r := dial(t, gw)
	send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: ours\r\n\r\n")
	want := "HTTP/1.1 203 Fancy Reason\r\nContent-Encoding: gzip\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" +
		"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: ours\r\nContent-Length: 2\r\n\r\nhi"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

func TestRequestsInOneWriteGetTheirResponsesInOrder(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, echo)))
	c, r := dial(t, gw)
	send(t, c, "GET /a/1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /a/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"+
		"POST /a/3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\nGET /a/4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /a/5")
	for _, want := range []string{"GET /a/1", "POST /a/2", "POST /a/3", "GET /a/4"} {
		if _, body := response(t, r, "GET"); !strings.HasPrefix(body, want+"\n") {
			t.Errorf("got %.20q, want %s", body, want)
		}
	}
	if !closed(r) {
		t.Error("more came after Connection: close")
	}
}

func TestAClientThatClosesRightAfterItsRequestGetsItsResponse(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, echo)))
	for range 10 {
		c, r := dial(t, gw)
		send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		_ = c.(*net.TCPConn).CloseWrite()
		if resp, _ := response(t, r, "GET"); resp.StatusCode != 200 || !closed(r) {
			t.Errorf("got %d", resp.StatusCode)
		}
	}
}

func TestALoopEnds(t *testing.T) {
	t.Parallel()
	var own string
	ready := make(chan struct{})
	gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		<-ready
		back, err := net.Dial("tcp", own) // the upstream is the gateway again
		if err != nil {
			return
		}
		defer back.Close()
		go io.Copy(c, back) //nolint:errcheck // ends with the connections
		_, _ = io.Copy(back, r)
	})))
	own = gw
	close(ready)
	resp, body := call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	if resp.StatusCode != 400 || !strings.Contains(body, "loop") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}

func TestOldClientsAreServed(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush() // so that the response is chunked
		_, _ = io.WriteString(w, r.Proto+" "+r.Header.Get("Via"))
	})))
	c, r := dial(t, gw)
	send(t, c, "GET /a HTTP/1.0\r\n\r\n")
	resp, body := response(t, r, "GET")
	if body != "HTTP/1.1 1.0 test" || len(resp.TransferEncoding) > 0 || !closed(r) {
		t.Errorf("got %q, %v", body, resp.TransferEncoding)
	}
}
