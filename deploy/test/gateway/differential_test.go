package gateway_test

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestValidTrafficIsCarriedAsByAnotherProxy sends the same bytes through the gateway and through net/http's proxy, and
// compares what arrives at the upstream and at the client.
//
// It does not compare the fields that a proxy adds about itself, nor the framing between two hops. It does not compare
// trailers either: the gateway drops them.
func TestValidTrafficIsCarriedAsByAnotherProxy(t *testing.T) {
	t.Parallel()
	exchanges := append(validRequests(), validResponses()...)
	up := newRecorder(t, func(m message) string {
		number, _, _ := strings.Cut(strings.TrimPrefix(m.target, "/x/"), "/")
		i, err := strconv.Atoi(number)
		if err != nil {
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		}
		return exchanges[i].respond(m)
	})
	g := startGateway(t, public("/x", up.addr))
	other := netHTTPProxy(t, up.addr)
	for i, x := range exchanges {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			got, want := x.carry(t, up, i, g.addr, "gateway"), x.carry(t, up, i, other, "other")
			if !slices.Equal(got, want) {
				t.Errorf("got, then want:\n%s\n\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
	t.Cleanup(func() { up.canonical(t) })
	t.Logf("figure: %d kinds of valid traffic", len(exchanges))
}

// exchange is a valid request, in which @ stands for the path, and the upstream's response.
type exchange struct {
	name, request string
	reply         string // empty: okResponse
}

func (x exchange) respond(m message) string {
	switch {
	case x.reply != "":
		return x.reply
	case m.method == http.MethodHead:
		return strings.TrimSuffix(okResponse, "ok")
	}
	return okResponse
}

// carry sends the request through a proxy and returns what arrived, in a form that can be compared.
func (x exchange) carry(t *testing.T, up *recorder, i int, addr, way string) []string {
	t.Helper()
	path := fmt.Sprintf("/x/%d/%s", i, way)
	conn := dial(t, addr)
	conn.send(strings.ReplaceAll(x.request, "@", path))
	method, _, _ := strings.Cut(x.request, " ")
	r := conn.must(t, method)
	arrived := up.got(path)
	if len(arrived) != 1 {
		t.Fatalf("%s: the upstream got %d requests, want 1", way, len(arrived))
	}
	m := arrived[0]
	facts := []string{"method " + m.method, "target " + strings.ReplaceAll(m.target, way, ""), "body " + brief(m.body), "host " + m.values("Host")[0]}
	for _, line := range strings.Split(strings.TrimSpace(m.head), "\r\n")[1:] {
		facts = appendField(facts, "to the upstream: ", line)
	}
	facts = append(facts, fmt.Sprint("status ", r.StatusCode), "response "+brief(r.body))
	for name, values := range r.Header {
		for _, v := range values {
			facts = appendField(facts, "to the client: ", name+": "+v)
		}
	}
	slices.Sort(facts)
	return facts
}

// brief is the text, or its length and hash if it is long.
func brief(text string) string {
	if len(text) > 1000 {
		return fmt.Sprintf("of %d bytes, SHA-256 %x", len(text), sha256.Sum256([]byte(text)))
	}
	return text
}

// appendField appends a field, unless proxies may differ in it.
func appendField(facts []string, where, line string) []string {
	name, value, ok := strings.Cut(line, ":")
	name = textproto.CanonicalMIMEHeaderKey(name)
	switch name {
	case "Host", "Via", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Content-Length", "Transfer-Encoding",
		"Connection", "Date", "Trailer", "Expect", "User-Agent", "Te":
		return facts
	}
	if !ok {
		return facts
	}
	return append(facts, where+name+":"+strings.TrimSpace(value))
}

func netHTTPProxy(t *testing.T, upstream string) string {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	if authority != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: authority.Pool()}
	}
	to, err := url.Parse(upstreamURL(upstream))
	if err != nil {
		t.Fatal(err)
	}
	handler := &httputil.ReverseProxy{
		Transport: transport,
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil // without this, net/http guesses one if the upstream sends none
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		proxy.CloseClientConnections()
		proxy.Close()
		transport.CloseIdleConnections()
	})
	return proxy.Listener.Addr().String()
}
