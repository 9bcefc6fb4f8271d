package edge_test

import (
	"regexp"
	"strings"
	"testing"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/edge"
)

func TestTheGatewaysOwnResponses(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	get := locked("/locked", addr)
	get.Methods = []string{"GET"}
	small := open("/small", addr)
	small.MaxBody = 10
	gw := gate(t, get, small, open("/open", addr), open("/gone", "127.0.0.1:1"))
	for name, row := range map[string]struct {
		request string
		status  int
		body    string
		header  string
	}{
		"no such path":                 {"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not-found", ""},
		"a path that only begins so":   {"GET /openly HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not-found", ""},
		"another method":               {"POST /locked HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, "method-not-allowed", "Allow: GET, HEAD"},
		"no token":                     {"GET /locked HTTP/1.1\r\nHost: a\r\n\r\n", 401, `{"message":"Token is not valid"}`, "Www-Authenticate: Bearer"},
		"bad token":                    {"GET /locked HTTP/1.1\r\nHost: a\r\nAuthorization: bad\r\n\r\n", 401, `{"message":"Token is not valid"}`, `Www-Authenticate: Bearer error="invalid_token"`},
		"two tokens":                   {"GET /locked HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\nAuthorization: good\r\n\r\n", 401, `{"message":"Token is not valid"}`, ""},
		"three tokens":                 {"GET /locked HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\nAuthorization: good\r\nAuthorization: good\r\n\r\n", 401, `{"message":"Token is not valid"}`, ""},
		"good token":                   {"GET /locked HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n", 200, "X-User-Id: 7", ""},
		"a body that says it is large": {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413, "body-too-large", "Connection: close"},
		"a body that fits":             {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", 200, "0123456789", ""},
		"chunks that are too many":     {"POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n", 413, "body-too-large", ""},
		"malformed chunks":             {"POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\n123456\r\n0\r\n\r\n", 400, "malformed-request", "Connection: close"},
		"nobody there":                 {"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n", 503, "unavailable", "Retry-After: 1"},
		"malformed":                    {"GET /open HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", 400, "malformed-request", "Connection: close"},
		"an encoded dot segment":       {"GET /open/%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed-request", "Connection: close"},
		"an encoded letter":            {"POST /%6fpen/%7E?%7e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "POST /open/~?%7e\n", ""},
		"an encoded slash":             {"GET /open%2fx HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed-request", "Connection: close"},
		"another version":              {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "version-not-supported", "Connection: close"},
		"liveness":                     {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, `{"status":"live"}`, ""},
		"a page":                       {"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<p>docs", "Content-Security-Policy: default-src 'none'"},
		"a page, in a frame":           {"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<p>docs", "X-Frame-Options: DENY"},
		"a page, in a window":          {"GET /docs HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<p>docs", "Cross-Origin-Opener-Policy: same-origin"},
		"a page that is known already": {"GET /docs HTTP/1.1\r\nHost: a\r\nIf-None-Match: W/\"1\"\r\n\r\n", 304, "", `Etag: "1"`},
		"a page, posted to":            {"POST /docs HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, "method-not-allowed", "Allow: GET, HEAD, OPTIONS"},
		"a page's head":                {"HEAD /docs HTTP/1.1\r\nHost: a\r\n\r\n", 200, "", "Content-Length: 7"},
	} {
		resp, body := call(t, gw, row.request)
		if resp.StatusCode != row.status || !strings.Contains(body, row.body) {
			t.Errorf("%s: got %d %s, want %d %s", name, resp.StatusCode, body, row.status, row.body)
		}
		var fields strings.Builder
		_ = resp.Header.Write(&fields) // a Builder does not fail
		if resp.Close {
			fields.WriteString("Connection: close\r\n")
		}
		if row.header != "" && !strings.Contains(fields.String(), row.header+"\r\n") {
			t.Errorf("%s: got fields\n%swant %s", name, fields.String(), row.header)
		}
		if id := resp.Header.Get("X-Request-Id"); id == "" {
			t.Errorf("%s: no request id", name)
		}
		if row.status >= 400 && row.status != 401 && resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: media type %s", name, resp.Header.Get("Content-Type"))
		}
	}
}

func TestPagesAreServedBesideARouteForAllPaths(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/", replica(t, echo)))
	if _, body := call(t, gw, "GET /docs HTTP/1.1\r\nHost: a\r\n\r\n"); body != "<p>docs" {
		t.Errorf("the page: got %s", body)
	}
	if _, body := call(t, gw, "GET /docs/x HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(body, "GET /docs/x\n") {
		t.Errorf("below the page: got %s", body)
	}
}

func TestAPageThatYieldsIsServedWhereNoRouteIs(t *testing.T) {
	t.Parallel()
	page := console.Page{ContentType: "text/html", Body: []byte("<p>busy"), ETag: `"1"`, Yields: true}
	gw := gateWith(t, edge.Config{Pages: map[string]console.Page{"/problems/busy": page, "/mine/busy": page}}, open("/mine", replica(t, echo)))
	if _, body := call(t, gw, "GET /problems/busy HTTP/1.1\r\nHost: a\r\n\r\n"); body != "<p>busy" {
		t.Errorf("the page: got %s", body)
	}
	if _, body := call(t, gw, "GET /mine/busy HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(body, "GET /mine/busy\n") {
		t.Errorf("below a route: got %s", body)
	}
}

func TestTheLogHasALineForEveryRequestAndNothingSecret(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	access := edge.NewAccessLog(&out, "gateway", false)
	gw := gateWith(t, edge.Config{Access: access}, locked("/locked", replica(t, echo)))
	c, r := dial(t, gw)
	for _, text := range []string{
		"POST /locked/path?query HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\nX-Request-Id: mine-1\r\nContent-Length: 3\r\n\r\nabc",
		"GET /locked HTTP/1.1\r\nHost: a\r\nAuthorization: hidden\r\nX-Request-Id: a\"b\r\n\r\n",
		"FANCY /other HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		send(t, c, text)
		response(t, r, "GET")
	}
	// The last response is sent before its line is written.
	for strings.Count(out.String(), "\n") < 3 {
		access.Flush()
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{
		`^\{"time":"[0-9T:.-]+Z","level":"INFO","msg":"request","service":"gateway","method":"POST","route":"r-locked","status":200,` +
			`"duration_ms":[0-9]+\.[0-9]{3},"user_id":7,"bytes_in":3,"bytes_out":[0-9]+,"request_id":"mine-1","client":"127.0.0.1"\}$`,
		`"method":"GET","route":"r-locked","status":401,"duration_ms":[0-9.]+,"bytes_in":0,"bytes_out":32,"request_id":"[0-9a-f]{32}",`,
		`"method":"_OTHER","route":"none","status":404,`,
	} {
		if !regexp.MustCompile(want).MatchString(lines[i]) {
			t.Errorf("line %d: got %s\nwant %s", i+1, lines[i], want)
		}
	}
	for _, secret := range []string{"path", "query", "good", "hidden", "other"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, out.String())
		}
	}
}
