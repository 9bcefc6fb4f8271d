package edge_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"tallygate/gateway/internal/route"
)

// exposed are what scripts of allowed origins may always read.
const exposed = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, WWW-Authenticate"

func TestPagesOfAllowedOriginsMayCall(t *testing.T) {
	t.Parallel()
	r := locked("/a", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://upstream.example")
		_, _ = io.WriteString(w, "ok")
	}))
	r.Methods = []string{"GET", "PUT"}
	r.CORS = &route.CORS{Origins: []string{"https://app.example"}, Headers: []string{"X-Extra"}, Expose: []string{"X-Total"}, MaxAge: time.Minute}
	gw := gate(t, r)
	const preflight = "OPTIONS /a/b HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: "
	for name, row := range map[string]struct {
		request string
		status  int
		origin  string
		methods string
	}{
		"a preflight":                      {preflight + "PUT\r\nOrigin: https://app.example\r\n\r\n", 204, "https://app.example", "GET, HEAD, PUT"},
		"a preflight from elsewhere":       {preflight + "PUT\r\nOrigin: https://evil.example\r\n\r\n", 204, "", "GET, HEAD, PUT"},
		"a preflight for another method":   {preflight + "DELETE\r\nOrigin: https://app.example\r\n\r\n", 204, "https://app.example", "GET, HEAD, PUT, DELETE"},
		"another method":                   {"DELETE /a HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\n\r\n", 405, "https://app.example", ""},
		"another method, from elsewhere":   {"DELETE /a HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\n\r\n", 405, "", ""},
		"OPTIONS that asks nothing":        {"OPTIONS /a HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\n\r\n", 405, "https://app.example", ""},
		"OPTIONS that asks for nonsense":   {preflight + "GET, PUT\r\nOrigin: https://app.example\r\n\r\n", 405, "https://app.example", ""},
		"a call":                           {"GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\nOrigin: https://app.example\r\n\r\n", 200, "https://app.example", ""},
		"a call from elsewhere":            {"GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\nOrigin: https://evil.example\r\n\r\n", 200, "", ""},
		"a refused call can be read, too":  {"GET /a HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example\r\n\r\n", 401, "https://app.example", ""},
		"a call that is not from any page": {"GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n", 200, "", ""},
	} {
		resp, _ := call(t, gw, row.request)
		if resp.StatusCode != row.status {
			t.Errorf("%s: got %d, want %d", name, resp.StatusCode, row.status)
		}
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != row.origin || len(resp.Header["Access-Control-Allow-Origin"]) > 1 {
			t.Errorf("%s: got origin %q, want %q", name, got, row.origin)
		}
		if got := resp.Header.Get("Access-Control-Allow-Methods"); got != row.methods {
			t.Errorf("%s: got methods %q, want %q", name, got, row.methods)
		}
		if vary := resp.Header.Get("Vary"); vary != "Origin" {
			t.Errorf("%s: got Vary %q", name, vary)
		}
		if row.methods != "" && resp.Header.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, X-Request-Id, X-Extra" {
			t.Errorf("%s: got headers %q", name, resp.Header.Get("Access-Control-Allow-Headers"))
		}
		if row.origin != "" && resp.Header.Get("Access-Control-Expose-Headers") != exposed+", X-Total" {
			t.Errorf("%s: exposed are %q", name, resp.Header.Get("Access-Control-Expose-Headers"))
		}
	}
}
