package gateway_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// startHTTP2 is startGateway with TLS, and a client that speaks HTTP/2 with it.
func startHTTP2(t *testing.T, routes string, settings ...string) (*gateway, *http.Client) {
	t.Helper()
	cert, key := certify(t, t.TempDir(), 1)
	g := startGateway(t, routes, append([]string{"TLS_CERT_FILE=" + cert, "TLS_KEY_FILE=" + key}, settings...)...)
	return g, newHTTP2Client(t)
}

func newHTTP2Client(t *testing.T) *http.Client {
	t.Helper()
	client := newClient(t)
	transport := client.Transport.(*http.Transport)
	transport.TLSClientConfig, transport.ForceAttemptHTTP2 = &tls.Config{InsecureSkipVerify: true}, true
	return client
}

// httpsURL is url for a gateway with TLS.
func (g *gateway) httpsURL(path string) string { return "https://" + g.addr + path }

// answer is a response that has been read to its end.
type answer struct {
	*http.Response

	body string
}

// ask sends a request, which has to be responded to by HTTP/2.
func ask(t *testing.T, client *http.Client, request *http.Request) answer {
	t.Helper()
	resp, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 2 {
		t.Fatalf("got %s, want HTTP/2", resp.Proto)
	}
	return answer{resp, string(body)}
}

func newRequest(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// TestHTTP2Requests: what upstreams get of requests by HTTP/2 is canonical HTTP/1.1.
func TestHTTP2Requests(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g, client := startHTTP2(t, public("/c", up.addr))
	t.Cleanup(func() { up.canonical(t) })
	long := strings.Repeat("0123456789", 30_000)
	for name, c := range map[string]struct {
		method, body string
		unknown      bool // the body's length
		field        string
	}{
		"GET":                          {method: "GET"},
		"HEAD":                         {method: "HEAD"},
		"DELETE":                       {method: "DELETE"},
		"an empty POST":                {method: "POST", field: "Content-Length: 0"},
		"a short body":                 {method: "POST", body: "hello", field: "Content-Length: 5"},
		"a long body":                  {method: "PUT", body: long, field: "Content-Length: 300000"},
		"a body of unknown length":     {method: "POST", body: "hello", unknown: true, field: "Transfer-Encoding: chunked"},
		"much of an unknown length":    {method: "POST", body: long, unknown: true, field: "Transfer-Encoding: chunked"},
		"an empty body of unknown end": {method: "POST", unknown: true, field: "Transfer-Encoding: chunked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body io.Reader = strings.NewReader(c.body)
			if c.unknown {
				body = io.MultiReader(body)
			} else if c.body == "" {
				body = http.NoBody
			}
			path := "/c/" + strings.ReplaceAll(name, " ", "-")
			request := newRequest(t, c.method, g.httpsURL(path), body)
			request.Header.Set("X-Own", "a,b")
			request.Header["Cookie"] = []string{"a=1; b=2", "c=3"}
			if got := ask(t, client, request); got.StatusCode != 200 || got.Header.Get("X-Upstream") != "yes" {
				t.Fatalf("got %d %s", got.StatusCode, got.body)
			}
			all := up.got(path)
			if len(all) != 1 {
				t.Fatalf("the upstream got %d requests", len(all))
			}
			m := all[0]
			if m.method != c.method || m.target != path || m.body != c.body {
				t.Errorf("the upstream got %s %s with %d bytes", m.method, m.target, len(m.body))
			}
			if c.field != "" && !strings.Contains(m.head, "\r\n"+c.field+"\r\n") {
				t.Errorf("no %s in\n%s", c.field, m.head)
			}
			for name, want := range map[string]string{
				"Host": g.addr, "Via": "2.0 tallygate", "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "X-Own": "a,b",
				"Cookie": "a=1; b=2; c=3",
			} {
				if got := m.values(name); !slices.Equal(got, []string{want}) {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestHTTP2Responses: clients get what the upstream says, but not what it says about its connection (RFC 9113 section 8.2.2).
func TestHTTP2Responses(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, func(m message) string {
		switch m.target {
		case "/c/chunked":
			return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"
		case "/c/304":
			return "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n"
		case "/c/204":
			return "HTTP/1.1 204 No Content\r\n\r\n"
		case "/c/hints":
			return "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
		case "/c/head":
			return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
		case "/c/two":
			return "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n"
		}
		return "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"
	})
	g, client := startHTTP2(t, route("up", "/c", []string{up.addr}, "auth: public", "informational: true"))
	for path, want := range map[string]struct {
		status int
		body   string
		field  string // name: value
	}{
		"chunked": {200, "abcdefg", "X-Hop: "}, "304": {304, "", `Etag: "1"`}, "204": {204, "", "Content-Length: "},
		"hints": {200, "ok", "Link: "}, "head": {200, "", "Content-Length: 1000"}, "two": {200, "", "Set-Cookie: a=1, b=2"}, "none": {404, "none", "Content-Type: "},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			method := "GET"
			if path == "head" {
				method = "HEAD"
			}
			hints := ""
			request := newRequest(t, method, g.httpsURL("/c/"+path), nil)
			request = request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
				Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
					hints = fmt.Sprint(code, header["Link"])
					return nil
				},
			}))
			got := ask(t, client, request)
			name, value, _ := strings.Cut(want.field, ": ")
			if got.StatusCode != want.status || got.body != want.body || strings.Join(got.Header.Values(name), ", ") != value {
				t.Errorf("got %d %q %v, want %d %q with %s", got.StatusCode, got.body, got.Header, want.status, want.body, want.field)
			}
			if got.Header.Get("Date") == "" || got.Header.Get("X-Request-Id") == "" || got.Header.Get("Keep-Alive") != "" {
				t.Errorf("got the fields %v", got.Header)
			}
			if path == "hints" && hints != "103 [</a.css>]" {
				t.Errorf("1xx: got %q", hints)
			}
		})
	}
}

// TestHTTP2Refusals: the gateway's own responses are those of HTTP/1.1, and end only their stream.
func TestHTTP2Refusals(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g, client := startHTTP2(t, and(route("up", "/c", []string{up.addr}, "auth: public", "max_body: 10"), route("closed", "/closed", []string{up.addr})), "MAX_HEAD_BYTES=8192")
	var connections []string
	for _, c := range []struct {
		method, path, body string
		head               int
		status             int
		slug               string
	}{
		{method: "GET", path: "/nowhere", status: 404, slug: "not-found"},
		{method: "GET", path: "/closed", status: 401},
		{method: "POST", path: "/closed", body: strings.Repeat("x", 300_000), status: 401},
		{method: "GET", path: "/c/..%2fclosed", status: 400, slug: "malformed-request"},
		{method: "GET", path: "/c//x", status: 400, slug: "malformed-request"},
		{method: "POST", path: "/c", body: strings.Repeat("x", 300_000), status: 413, slug: "body-too-large"},
		{method: "GET", path: "/c", head: 9000, status: 431, slug: "head-too-large"},
		{method: "PATCH", path: "/token", status: 405, slug: "method-not-allowed"},
		{method: "GET", path: "/c", status: 200},
	} {
		request := newRequest(t, c.method, g.httpsURL(c.path), strings.NewReader(c.body))
		if c.head > 0 {
			request.Header.Set("X-Long", strings.Repeat("x", c.head))
		}
		request = request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { connections = append(connections, info.Conn.LocalAddr().String()) },
		}))
		got := ask(t, client, request)
		switch {
		case got.StatusCode != c.status:
			t.Errorf("%s %s: got %d %s, want %d", c.method, c.path, got.StatusCode, got.body, c.status)
		case c.status == 401 && (got.body != `{"message":"Token is not valid"}` || got.Header.Get("WWW-Authenticate") != "Bearer"):
			t.Errorf("%s: got %s %v", c.path, got.body, got.Header)
		case c.slug != "" && (got.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(got.body, `"/problems/`+c.slug+`"`)):
			t.Errorf("%s: got %s, want %s", c.path, got.body, c.slug)
		}
	}
	if slices.Sort(connections); len(slices.Compact(connections)) != 1 {
		t.Errorf("the requests went by %d connections, want 1", len(connections))
	}
}

// TestHTTP2Off: with HTTP2=off the gateway does not offer it, and the suites of TLS 1.2 are the same.
func TestHTTP2Off(t *testing.T) {
	t.Parallel()
	cert, key := certify(t, t.TempDir(), 1)
	for setting, want := range map[string]string{"on": "h2", "off": "http/1.1"} {
		g := startGateway(t, public("/c", newRecorder(t, nil).addr), "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key, "HTTP2="+setting)
		config := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}, MaxVersion: tls.VersionTLS12}
		conn, err := tls.Dial("tcp", g.addr, config)
		if err != nil {
			t.Fatal(err)
		}
		if state := conn.ConnectionState(); state.NegotiatedProtocol != want || !strings.Contains(tls.CipherSuiteName(state.CipherSuite), "GCM") {
			t.Errorf("HTTP2=%s: got %s with %s", setting, state.NegotiatedProtocol, tls.CipherSuiteName(state.CipherSuite))
		}
		_ = conn.Close()
		config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		if conn, err := tls.Dial("tcp", g.addr, config); err == nil {
			_ = conn.Close()
			t.Error("a suite without AEAD is accepted")
		}
	}
}
