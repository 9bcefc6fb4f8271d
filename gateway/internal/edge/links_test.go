package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
)

// linked sends links of its own, and says which prefix it was told. All that it has is below /base if it is asked for that.
func linked(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	base := ""
	if strings.HasPrefix(r.URL.Path, "/base") {
		base = "/base"
	}
	w.Header().Set("location", "http://"+r.Host+base+"/new?a=b")
	w.Header().Set("Content-Location", base+"/new")
	w.Header().Set("Refresh", "0; url="+base+"/new")
	w.Header()["Set-Cookie"] = []string{"a=b; path=" + base + "/; HttpOnly", "c=d", "__Host-e=f; Path=/"}
	w.Header().Set("X-Told", strings.Join(r.Header["X-Forwarded-Prefix"], "+"))
	w.Header().Set("X-Path", r.RequestURI)
	w.WriteHeader(http.StatusCreated)
	if r.URL.Query().Has("stream") {
		w.(http.Flusher).Flush()
	}
	_, _ = io.WriteString(w, "ok")
}

func TestWhatAnUpstreamBehindAStrippedPrefixLinksTo(t *testing.T) {
	t.Parallel()
	up := replica(t, linked)
	strip := open("/files", up)
	strip.Strip = true
	plain, root := open("/plain", up), open("/", up)
	root.Strip = true
	based, both, renamed, named := open("/based", up), open("/both", up), open("/renamed", up), open("/named", up)
	based.BasePath, both.BasePath, both.Strip = "/base", "/base", true
	renamed.Host, named.Host = route.UpstreamsHost, "files.example"
	trusting := edge.Config{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	direct, proxied := gate(t, strip, plain, root, based, both, renamed, named), gateWith(t, trusting, strip, plain)
	const forwarded = "X-Forwarded-Prefix: /outer\r\nX-Forwarded-Host: outer.example\r\nX-Forwarded-Proto: https\r\n"
	for _, test := range []struct{ name, gw, line, fields, path, told, location, relative, cookie string }{
		{"a prefix", direct, "GET /files/x", "", "/x", "/files", "http://a/files/new?a=b", "/files/new", "/files"},
		{"the prefix alone", direct, "GET /files", "", "/", "/files", "http://a/files/new?a=b", "/files/new", "/files"},
		{"a stream", direct, "GET /files/x?stream", "", "/x?stream", "/files", "http://a/files/new?a=b", "/files/new", "/files"},
		{"a client's own prefix", direct, "GET /files/x", forwarded, "/x", "/files", "http://a/files/new?a=b", "/files/new", "/files"},
		{"a trusted proxy's", proxied, "GET /files/x", forwarded, "/x", "/outer/files", "https://outer.example/outer/files/new?a=b", "/outer/files/new", "/outer/files"},
		{"no prefix", direct, "GET /plain/x", "", "/plain/x", "", "http://a/new?a=b", "/new", "/"},
		{"a trusted proxy's alone", proxied, "GET /plain/x", forwarded, "/plain/x", "/outer", "http://a/new?a=b", "/new", "/"},
		{"a base path", direct, "GET /based/x", "", "/base/based/x", "", "http://a/new?a=b", "/new", "/"},
		{"a prefix and a base path", direct, "GET /both/x", "", "/base/x", "/both", "http://a/both/new?a=b", "/both/new", "/both"},
		{"the upstream's name", direct, "GET /renamed/x", "", "/renamed/x", "", "http://a/new?a=b", "/new", "/"},
		{"another name", direct, "GET /named/x", "", "/named/x", "", "http://a/new?a=b", "/new", "/"},
		{"the route for everything", direct, "GET /x", "", "/x", "", "http://a/new?a=b", "/new", "/"},
	} {
		for kind, body := range map[string]string{"whole": "\r\n", "short": "Content-Length: 2\r\n\r\nhi", "chunked": "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"} {
			resp, _ := call(t, test.gw, test.line+" HTTP/1.1\r\nHost: a\r\n"+test.fields+body)
			if resp.StatusCode != 201 || resp.Header.Get("X-Path") != test.path || resp.Header.Get("X-Told") != test.told {
				t.Errorf("%s, %s: got %d for %s with prefix %q, want 201 for %s with %q", test.name, kind, resp.StatusCode, resp.Header.Get("X-Path"), resp.Header.Get("X-Told"), test.path, test.told)
			}
			got := append([]string{resp.Header.Get("Location"), resp.Header.Get("Content-Location"), resp.Header.Get("Refresh")}, resp.Header["Set-Cookie"]...)
			want := []string{test.location, test.relative, "0; url=" + test.relative, "a=b; path=" + test.cookie + "; HttpOnly", "c=d", "__Host-e=f; Path=/"}
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: got\n%q, want\n%q", test.name, kind, got, want)
			}
		}
	}
}

func TestARouteWithoutVia(t *testing.T) {
	t.Parallel()
	up := replica(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Via", "1.1 cache")
		w.Header().Set("X-Via", fmt.Sprintf("%q", r.Header["Via"]))
	})
	quiet := open("/quiet", up)
	quiet.NoVia = true
	gw := gate(t, quiet, open("/loud", up))
	for path, want := range map[string][2]string{"/quiet": {"[]", ""}, "/loud": {`["1.0 before, 1.1 test"]`, "1.1 cache"}} {
		resp, _ := call(t, gw, "GET "+path+" HTTP/1.1\r\nHost: a\r\nVia: 1.0 before\r\n\r\n")
		if got := [2]string{resp.Header.Get("X-Via"), resp.Header.Get("Via")}; got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestALoopEndsWithoutVia(t *testing.T) {
	t.Parallel()
	for name, quiet := range map[string][2]bool{"never Via": {true, true}, "now and then": {true, false}, "then and now": {false, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var gates [2]string
			ready := make(chan struct{})
			for i := range gates {
				r := open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
					<-ready
					next, err := net.Dial("tcp", gates[1-i]) // the upstream is the other gateway
					if err != nil {
						return
					}
					defer next.Close()
					go io.Copy(c, next) //nolint:errcheck // ends with the connections
					_, _ = io.Copy(next, r)
				}))
				r.NoVia = quiet[i]
				gates[i] = gate(t, r)
			}
			close(ready)
			if resp, body := call(t, gates[0], "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 400 || !strings.Contains(body, "loop") {
				t.Errorf("got %d %s", resp.StatusCode, body)
			}
		})
	}
}

// TestTheHostOfALinkOutlivesTheRequestsMemory: others get that memory while an upload goes on.
func TestTheHostOfALinkOutlivesTheRequestsMemory(t *testing.T) {
	t.Parallel()
	strip := open("/files", replica(t, linked))
	strip.Strip = true
	gw := gate(t, strip)
	c, r := dial(t, gw)
	send(t, c, "POST /files HTTP/1.1\r\nHost: uploading.example\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
	if line, err := r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" { // now the memory has been given back
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		other, answers := dial(t, gw)
		send(t, other, "GET /files HTTP/1.1\r\nHost: something.else\r\nX: "+strings.Repeat("x", 500)+"\r\n\r\nGET /files HTTP/1.1\r\nX: "+strings.Repeat("y", 500))
		response(t, answers, "GET") // the second request is not complete, and keeps its memory
	}
	send(t, c, "2\r\nhi\r\n0\r\n\r\n")
	if resp, _ := response(t, r, "POST"); resp.Header.Get("Location") != "http://uploading.example/files/new?a=b" {
		t.Errorf("got %q", resp.Header.Get("Location"))
	}
}
