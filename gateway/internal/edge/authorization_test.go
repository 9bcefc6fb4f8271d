package edge_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/route"
)

// credentialsOf are the values of Authorization that the upstream sends back.
func credentialsOf(body string) []string {
	var values []string
	for line := range strings.SplitSeq(strings.ReplaceAll(body, "\r", ""), "\n") {
		if value, ok := strings.CutPrefix(line, "Authorization: "); ok {
			values = append(values, value)
		}
	}
	return values
}

func TestWhichAuthorizationTheUpstreamGets(t *testing.T) {
	t.Parallel()
	up := rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			var head strings.Builder
			_ = req.Header.Write(&head) // a Builder does not fail
			_, _ = io.Copy(io.Discard, req.Body)
			if req.Header.Get("Upgrade") != "" {
				_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Head: "+
					strings.ReplaceAll(head.String(), "\r\n", "|")+"\r\n\r\n")
				return
			}
			_ = (&http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(head.Len()), Body: io.NopCloser(strings.NewReader(head.String()))}).Write(c)
		}
	})
	with := func(r *route.Route, change func(*route.Route)) *route.Route {
		change(r)
		return r
	}
	fixed := func(r *route.Route) { r.Authorization = "Basic dTpw" }
	gw := gate(t, locked("/default", up), open("/public", up),
		with(locked("/forwards", up), func(r *route.Route) { r.ForwardToken = true }),
		with(locked("/fixed", up), fixed), with(open("/openfixed", up), fixed))
	for path, want := range map[string][]string{
		"/default": nil, "/public": nil, "/forwards": {"bEARER good"}, "/fixed": {"Basic dTpw"}, "/openfixed": {"Basic dTpw"},
	} {
		for kind, rest := range map[string]string{
			"a request":      "\r\n",
			"a short body":   "Content-Length: 2\r\n\r\nhi",
			"a chunked body": "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
			"a proxy's":      "Proxy-Authorization: good\r\nProxy_Authorization: good\r\n\r\n",
			"named":          "Connection: Authorization\r\n\r\n",
		} {
			resp, body := call(t, gw, "POST "+path+" HTTP/1.1\r\nHost: a\r\naUTHORIZATION: bEARER good\r\n"+rest)
			expected := want
			if kind == "named" && path == "/forwards" { // the client says that the field goes no further
				expected = nil
			}
			if got := credentialsOf(body); resp.StatusCode != 200 || !slices.Equal(got, expected) || strings.Contains(body, ": good") {
				t.Errorf("%s, %s: got %d %q, want %q in\n%s", path, kind, resp.StatusCode, got, expected, body)
			}
		}
		resp, _ := call(t, gw, "GET "+path+" HTTP/1.1\r\nHost: a\r\nAuthorization: bEARER good\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		if got := credentialsOf(strings.ReplaceAll(resp.Header.Get("X-Head"), "|", "\n")); resp.StatusCode != 101 || !slices.Equal(got, want) {
			t.Errorf("%s, a WebSocket: got %d %q, want %q", path, resp.StatusCode, got, want)
		}
	}
	if resp, _ := call(t, gw, "GET /public HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"); resp.StatusCode != 200 {
		t.Errorf("two fields on a public route: got %d", resp.StatusCode)
	}
}
