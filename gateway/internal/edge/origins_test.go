package edge_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

const app = "https://app.example"

// pages is a gateway whose own responses, and whose route /mine, pages of app may read. The route /theirs has no CORS.
func pages(t *testing.T, cors *route.CORS) string {
	t.Helper()
	up := replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		_, _ = io.WriteString(w, "ok")
	})
	mine, metered, small, gone := locked("/mine", up), locked("/metered", up), open("/small", up), open("/gone", "127.0.0.1:1")
	metered.Metered, small.MaxBody = true, 1
	mine.Methods = []string{"GET"}
	for _, r := range []*route.Route{mine, metered, small, gone} {
		r.CORS = cors
	}
	return gateWith(t, edge.Config{CORS: cors, Quotas: says{&limit.QuotaError{Quota: 1, Wait: time.Second}}}, mine, metered, small, gone, open("/theirs", up), open("/theirgone", "127.0.0.1:1"))
}

// kinds are requests, without the empty line at their end, with the statuses of the responses.
var kinds = map[string]int{
	"GET /mine HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n":               200,
	"GET /mine HTTP/1.1\r\nHost: a\r\n":                                      401,
	"DELETE /mine HTTP/1.1\r\nHost: a\r\n":                                   405,
	"GET /metered HTTP/1.1\r\nHost: a\r\nAuthorization: limited\r\n":         429,
	"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n":               413,
	"GET /gone HTTP/1.1\r\nHost: a\r\n":                                      503,
	"GET /nothing HTTP/1.1\r\nHost: a\r\n":                                   404,
	"GET /mine//x HTTP/1.1\r\nHost: a\r\n":                                   400,
	"GET /mine/%2e%2e/x HTTP/1.1\r\nHost: a\r\n":                             400,
	"GET /mine HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n":                 400,
	"GET /mine HTTP/1.1\r\n":                                                 400,
	"GET /mine\r\nHost: a\r\n":                                               400,
	"GET /mine HTTP/3.0\r\nHost: a\r\n":                                      505,
	"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n":                                    501,
	"POST /mine HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: tea\r\n": 417,
	"GET /healthz HTTP/1.1\r\nHost: a\r\n":                                   200,
	"GET /docs HTTP/1.1\r\nHost: a\r\n":                                      200,
	"GET /docs HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"1\"\r\n":              304,
	"PUT /docs HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n":                 405,
}

func TestEveryResponseCanBeReadByPagesOfAllowedOrigins(t *testing.T) {
	t.Parallel()
	cors := &route.CORS{Origins: []string{app}, MaxAge: time.Minute}
	named, everybody, nobody := pages(t, cors), pages(t, &route.CORS{Origins: []string{"*"}}), pages(t, nil)
	for request, status := range kinds {
		for _, test := range []struct{ gw, origin, allowed, vary string }{
			{named, app, app, "Origin"},
			{named, "https://evil.example", "", "Origin"},
			{named, "null", "", "Origin"},
			{named, "", "", "Origin"},
			{everybody, app, "*", ""},
			{everybody, "", "*", ""},
			{nobody, app, "", ""},
		} {
			text := request
			if test.origin != "" {
				text += "oRIGIN:\t" + test.origin + " \r\n"
			}
			resp, _ := call(t, test.gw, text+"\r\n")
			got, reads := strings.Join(resp.Header["Access-Control-Allow-Origin"], "+"), strings.Join(resp.Header["Access-Control-Expose-Headers"], "+")
			if resp.StatusCode != status || got != test.allowed || (reads == exposed) != (test.allowed != "") || strings.Join(resp.Header["Vary"], "+") != test.vary {
				t.Errorf("%q from %q: got %d, allowed %q, exposed %q, Vary %q, want %d, %q, %q", request, test.origin, resp.StatusCode, got, reads, resp.Header["Vary"], status, test.allowed, test.vary)
			}
			if resp.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%q: credentials are allowed", request)
			}
		}
	}
}

func TestAPreflightOfAnAllowedOriginSucceedsEverywhere(t *testing.T) {
	t.Parallel()
	gw := pages(t, &route.CORS{Origins: []string{app}, MaxAge: time.Minute})
	for _, test := range []struct {
		path, origin, method, methods string
		status                        int
	}{
		{"/mine", app, "GET", "GET, HEAD", 204},
		{"/mine", app, "PUT", "GET, HEAD, PUT", 204},
		{"/nothing", app, "PUT", "PUT", 204},
		{"/mine//x", app, "GET", "GET", 204},
		{"/docs", app, "GET", "GET", 204},
		{"/healthz", app, "GET", "GET", 204},
		{"/mine", "https://evil.example", "GET", "GET, HEAD", 204},
		{"/nothing", "https://evil.example", "GET", "", 404},
		{"/nothing", "", "GET", "", 404},
		{"/nothing", app, "", "", 404},
		{"/nothing", app, "GET PUT", "", 404},
		{"/mine//x", "https://evil.example", "GET", "", 400},
		{"/theirs", app, "GET", "", 200},
	} {
		text := "OPTIONS " + test.path + " HTTP/1.1\r\nHost: a\r\n"
		if test.origin != "" {
			text += "Origin: " + test.origin + "\r\n"
		}
		resp, _ := call(t, gw, text+"Access-Control-Request-Method: "+test.method+"\r\n\r\n")
		allowed := ""
		if test.origin == app && test.path != "/theirs" {
			allowed = app
		}
		if got := resp.Header.Get("Access-Control-Allow-Methods"); resp.StatusCode != test.status || got != test.methods || resp.Header.Get("Access-Control-Allow-Origin") != allowed {
			t.Errorf("%+v: got %d, %q, %q", test, resp.StatusCode, got, resp.Header.Get("Access-Control-Allow-Origin"))
		}
	}
}

func TestARouteWithoutCORSIsItsUpstreamsBusiness(t *testing.T) {
	t.Parallel()
	gw := pages(t, &route.CORS{Origins: []string{app}})
	for path, want := range map[string]string{"/theirs": "", "/theirgone": app} { // what the gateway itself says can be read
		resp, _ := call(t, gw, "GET "+path+" HTTP/1.1\r\nHost: a\r\nOrigin: "+app+"\r\n\r\n")
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: got %d for %q, want %q", path, resp.StatusCode, got, want)
		}
	}
}

func TestAHeadThatIsTooLargeIsReadableIfItsOriginHasCome(t *testing.T) {
	t.Parallel()
	gw := pages(t, &route.CORS{Origins: []string{app}})
	for fields, want := range map[string]string{
		"Origin: " + app + "\r\n": app, "Origin: " + app + "\r\nOrigin: " + app + "\r\n": "", "X: y\r\n\r\nOrigin: " + app + "\r\n": "", "\r\nOrigin: " + app + "\r\n": "",
	} {
		resp, _ := call(t, gw, "GET /mine HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n"+fields+"\r\n")
		if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != 400 || got != want {
			t.Errorf("%q: got %d for %q, want %q", fields, resp.StatusCode, got, want)
		}
	}
	resp, _ := call(t, gw, "GET /mine HTTP/1.1\r\nHost: a\r\nOrigin: "+app+"\r\nX: "+strings.Repeat("x", wire.MaxHeadBytes)+"\r\n\r\n")
	if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != 431 || got != app {
		t.Errorf("a head that is too large: got %d for %q", resp.StatusCode, got)
	}
}

func TestARefusedConnectionIsReadable(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{CORS: &route.CORS{Origins: []string{app}}, ConnectionsPerAddress: 1})
	dial(t, gw)
	resp, _ := call(t, gw, "GET / HTTP/1.1\r\nHost: a\r\nOrigin: "+app+"\r\n\r\n")
	if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != 503 || got != app || !slices.Contains(resp.Header["Vary"], "Origin") {
		t.Errorf("got %d for %q", resp.StatusCode, got)
	}
}

// TestOnesOwnTallyIsFree: a route of the file that takes its place is metered elsewhere.
func TestOnesOwnTallyIsFree(t *testing.T) {
	t.Parallel()
	b := &adder{}
	m := meterOf(t, b)
	users := locked("/users", replica(t, echo))
	users.Metered, users.Tallies, users.Rate = true, []string{"/users/me/usage", "/users/me/limits"}, route.Rate{Requests: 1, Per: time.Hour, Burst: 1}
	gw := gateWith(t, edge.Config{Meter: m, Quotas: says{errors.New("asked for the quota")}}, users)
	ask := func(line string) int {
		resp, _ := call(t, gw, line+" HTTP/1.1\r\nHost: a\r\nAuthorization: limited\r\n\r\n")
		return resp.StatusCode
	}
	for range 3 {
		for _, line := range []string{"GET /users/me/usage", "HEAD /users/me/usage", "GET /users/me/usage?by=day", "GET /users/me/limits"} {
			if got := ask(line); got != 200 {
				t.Errorf("%s: got %d", line, got)
			}
		}
	}
	for _, line := range []string{"POST /users/me/usage", "GET /users/me/usage/x", "GET /users"} {
		if got := ask(line); got == 200 {
			t.Errorf("%s is free", line)
		}
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := (usage{RateLimited: b.sum.RateLimited}); b.sum != want {
		t.Errorf("got %+v, want no request", b.sum)
	}
}
