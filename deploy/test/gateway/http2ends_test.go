package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/internalapi/internalapitest"
)

// TestHTTP2StreamsEndWithTheirPermission: what is open ends when its user may not call any more, and the connection goes on.
func TestHTTP2StreamsEndWithTheirPermission(t *testing.T) {
	t.Parallel()
	cancelled := make(chan string, 2)
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		_, _ = io.WriteString(w, "begun\n")
		_ = control.Flush()
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		cancelled <- r.URL.Path
	})
	auth, authURL := internalapitest.Start(t, internalSecret)
	g, client := startHTTP2(t, and(route("ends", "/ends", []string{up}), public("/free", newRecorder(t, nil).addr)), "AUTH_PRIVATE_URL="+authURL)
	testbed.Eventually(t, "the gateway to reach auth-service", func() error {
		_, err := fetch(http.DefaultClient, "http://"+g.private+"/readyz")
		return err
	})
	auth.SetUser(7, known())
	body, in := io.Pipe()
	t.Cleanup(func() { _ = in.Close() })
	ended := make(chan error, 2)
	for path, body := range map[string]io.Reader{"/ends/download": nil, "/ends/upload": body} {
		request := newRequest(t, http.MethodPost, g.httpsURL(path), body)
		request.Header.Set("Authorization", tokenOf(7, time.Hour))
		resp, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		if _, err := io.ReadFull(resp.Body, make([]byte, len("begun\n"))); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d, %v", path, resp.StatusCode, err)
		}
		go func() {
			_, err := io.ReadAll(resp.Body)
			ended <- err
		}()
	}
	record := known()
	record["disabled"] = true
	auth.SetUser(7, record)
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("a stream that was ended looks whole")
		}
		<-cancelled
	}
	if _, err := fetch(client, g.httpsURL("/free")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if got := g.metric(t, `tallygate_gateway_streams_ended_total{reason="revoked"}`); got != "2" {
		t.Errorf("%s streams are counted as ended", got)
	}
}

// TestHTTP2RollingRestarts: two gateways are restarted in turns behind a balancer of connections, under load by HTTP/2. No call fails.
func TestHTTP2RollingRestarts(t *testing.T) {
	t.Parallel()
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	servers := map[string]*gateway{}
	for _, name := range []string{"a", "b"} {
		servers[name], _ = startHTTP2(t, public("/c", up), "SHUTDOWN_SETTLE=1s")
	}
	stats := &infront{addr: testbed.FreeAddress(t)}
	backend := fmt.Sprintf(`mode tcp
  option httpchk GET /healthz
  default-server check check-ssl verify none inter 50ms rise 2 fall 2
  server a %s
  server b %s
listen stats
  mode http
  bind %s
  stats enable
  stats uri /stats`, servers["a"].addr, servers["b"].addr, stats.addr)
	p := startHAProxy(t, "mode tcp", backend, "")
	for name := range servers {
		stats.awaitState(t, name, "UP", "L7OK")
	}
	calls, failures := make(chan int), make(chan error, 100)
	end := make(chan struct{})
	for range 4 {
		go func() {
			client, made := newHTTP2Client(t), 0
			for ; ; made++ {
				select {
				case <-end:
					calls <- made
					return
				default:
				}
				if err := echo(client, "https://"+p.addr+"/c"); err != nil && len(failures) < cap(failures) {
					failures <- err
				}
			}
		}()
	}
	for _, name := range []string{"a", "b", "a", "b"} {
		stats.restart(t, name, servers[name])
	}
	close(end)
	for range 4 {
		if made := <-calls; made < 100 {
			t.Errorf("only %d calls", made)
		}
	}
	for close(failures); len(failures) > 0; {
		t.Errorf("a call failed: %v", <-failures)
	}
}

// restart restarts a server of HAProxy, which finds it gone and back.
func (p *infront) restart(t *testing.T, name string, server *gateway) {
	t.Helper()
	server.signal(t, syscall.SIGTERM)
	p.awaitState(t, name, "DOWN", "") // by its page, or by now because it is gone
	if code, err := server.ExitCode(); err != nil || code != 0 {
		t.Fatalf("%s: ended with %d, %v", name, code, err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	server.awaitListening(t, server.addr)
	p.awaitState(t, name, "UP", "L7OK")
}

// TestHTTP2BehindAProxyThatIntroducesClients: the client is the one that the PROXY header names.
func TestHTTP2BehindAProxyThatIntroducesClients(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g, client := startHTTP2(t, public("/c", up.addr), "PROXY_PROTOCOL=on", "TRUSTED_PROXIES=127.0.0.1")
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			_, err = io.WriteString(conn, "PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n")
		}
		return conn, err
	}
	if got := ask(t, client, newRequest(t, http.MethodGet, g.httpsURL("/c"), nil)); got.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	if got := up.last(t).values("X-Forwarded-For"); !slices.Equal(got, []string{"192.0.2.7"}) {
		t.Errorf("X-Forwarded-For: got %q", got)
	}
}

// TestHTTP2BodiesThatStandStill: a body of which no more comes ends its stream and its call at the upstream, and nothing else.
func TestHTTP2BodiesThatStandStill(t *testing.T) {
	t.Parallel()
	cancelled := make(chan struct{})
	up := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body)
			close(cancelled)
		}
	})
	g, _ := startHTTP2(t, route("up", "/c", []string{up}, "auth: public", "timeouts: {progress: 1s}"))
	f := dialFrames(t, g)
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.head("POST", "/c"), EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteData(1, false, []byte("not all")); err != nil {
		t.Fatal(err)
	}
	<-cancelled
	await := func(id uint32, kind http2.FrameType) {
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				t.Fatalf("stream %d: %v", id, err)
			}
			if frame.Header().StreamID == id && frame.Header().Type == kind {
				return
			}
		}
	}
	await(1, http2.FrameRSTStream)
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: f.head("GET", "/c"), EndStream: true, EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	await(3, http2.FrameHeaders)
}
