package edge_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/gateway/internal/route"
)

// socketReplica is replica on a Unix socket.
func socketReplica(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "up.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return "unix:" + path
}

func TestARouteSaysWhereItsRequestsGoAndForWhichHost(t *testing.T) {
	t.Parallel()
	tcp, socket := replica(t, echo), socketReplica(t, echo)
	for _, test := range []struct {
		name, path, base, host, upstream string
		strip                            bool
		request, want, wantHost          string
	}{
		{"as it is", "/a", "", "", tcp, false, "GET /a/b?c HTTP/1.1\r\nHost: x:1\r\n", "/a/b?c", "x:1"},
		{"with a base path", "/a", "/base", "", tcp, false, "GET /a/b?c HTTP/1.1\r\nHost: x\r\n", "/base/a/b?c", "x"},
		{"stripped, with a base path", "/a", "/base", "", tcp, true, "GET /a/b?c HTTP/1.1\r\nHost: x\r\n", "/base/b?c", "x"},
		{"all stripped, with a base path", "/a", "/base", "", tcp, true, "GET /a HTTP/1.1\r\nHost: x\r\n", "/base/", "x"},
		{"the root, with a base path", "/", "/base", "", tcp, true, "GET / HTTP/1.1\r\nHost: x\r\n", "/base/", "x"},
		{"the upstream's host", "/a", "", route.UpstreamsHost, tcp, false, "GET /a HTTP/1.1\r\nHost: x\r\n", "/a", tcp},
		{"another host", "/a", "", "files.example", tcp, false, "GET /a HTTP/1.1\r\nHost: x\r\n", "/a", "files.example"},
		{"a client without a host", "/a", "", "", tcp, false, "GET /a HTTP/1.0\r\n", "/a", tcp},
		{"a socket", "/a", "", "", socket, false, "GET /a HTTP/1.1\r\nHost: x\r\n", "/a", "x"},
		{"a socket's host", "/a", "", route.UpstreamsHost, socket, false, "GET /a HTTP/1.1\r\nHost: x\r\n", "/a", "localhost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := open(test.path, test.upstream)
			r.BasePath, r.Host, r.Strip = test.base, test.host, test.strip
			resp, body := call(t, gate(t, r), test.request+"\r\n")
			if resp.StatusCode != 200 || !strings.HasPrefix(body, "GET "+test.want+"\nHost: "+test.wantHost+"\n") {
				t.Errorf("got %d %q, want %s at %s", resp.StatusCode, body, test.want, test.wantHost)
			}
			_, asked, _ := strings.Cut(test.request, "Host: ")
			if asked = strings.TrimSpace(asked); asked != "" && !strings.Contains(body, "X-Forwarded-Host: "+asked+"\r\n") {
				t.Errorf("the client's host is lost: %q", body)
			}
		})
	}
}

// TestEachUpstreamOfAListGetsItsOwnHost: requests with and without a whole body, sent to the first or again to another one.
func TestEachUpstreamOfAListGetsItsOwnHost(t *testing.T) {
	t.Parallel()
	a, b := replica(t, echo), replica(t, echo)
	r := open("/a", a, b, "127.0.0.1:1")
	r.Host = route.UpstreamsHost
	gw := gate(t, r)
	seen := map[string]bool{}
	for range 40 {
		for _, request := range []string{
			"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		} {
			resp, body := call(t, gw, request)
			_, rest, _ := strings.Cut(body, "\nHost: ")
			host, _, _ := strings.Cut(rest, "\n")
			if seen[host] = true; resp.StatusCode != 200 || host != a && host != b {
				t.Fatalf("got %d %q", resp.StatusCode, body)
			}
		}
	}
	if !seen[a] || !seen[b] {
		t.Errorf("got %v, want both", seen)
	}
}

// TestASocketCarriesWhatTCPDoes: streams in both directions, and connections that are kept.
func TestASocketCarriesWhatTCPDoes(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", socketReplica(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing is missing in the response
		_, _ = w.Write(body)
	})))
	c, r := dial(t, gw)
	long := strings.Repeat("0123456789", 60_000)
	for range 3 {
		send(t, c, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n"+long)
		if resp, body := response(t, r, "POST"); resp.StatusCode != 200 || !strings.HasSuffix(body, long) {
			t.Fatalf("got %d and %d bytes", resp.StatusCode, len(body))
		}
		send(t, c, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
		if resp, _ := response(t, r, "GET"); resp.StatusCode != 200 {
			t.Fatalf("got %d", resp.StatusCode)
		}
	}
}
