//go:build measure

package measure_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

const (
	// streamPromise is how soon a stream ends whose user may not call any more.
	streamPromise = 2 * time.Second
	streamWait    = 4 * time.Second // for streams that do not end
)

// TestMeasureStreams: how long a stream lives on when its user has signed out or was disabled.
func TestMeasureStreams(t *testing.T) { //nolint:paralleltest // it measures time
	routes := routesFile(t, "  - name: live\n    path: /live\n    upstream: "+liveUpstream(t)+"\n")
	s := start(t, cluster.Config{Gateways: 2, Auths: 2, Postgres: true, Auth: cluster.CheapPasswords(), Gateway: []string{"ROUTES_FILE=" + routes}})
	s.CreateAdmin(t, "root", "correct horse")
	admin := &user{Credentials: contract.Credentials{Username: "root", Password: "correct horse"}}
	s.signIn(t, admin)
	for _, by := range []struct {
		what string
		end  func(u *user)
	}{
		{"signs out", func(u *user) { u.logout(t, s.clients[0]) }},
		{"is disabled", func(u *user) {
			if err := s.edit(t, admin, u, `{"disabled":true}`)(); err != nil {
				t.Error(err)
			}
		}},
		{"changes the password", func(u *user) { u.changePassword(t, s.clients[0], "another horse") }},
	} {
		s.endStreams(t, by.what, streamPromise, func(i int) ([]time.Duration, int) {
			u := s.register(t, fmt.Sprintf("streamer-%d-%d", len(by.what), i))
			return s.streamUntil(t, u, 0, func() { by.end(u) })
		})
	}
	s.endStreams(t, "revokes the API key that they came with, a second after they began", promised, func(i int) ([]time.Duration, int) {
		u := s.register(t, fmt.Sprintf("script-%d", i))
		key, token := s.newKey(t, u), u.Token
		u.Token = key.Secret
		return s.streamUntil(t, u, time.Second, func() {
			if err := s.clients[0].RevokeKey(token, key.ID); err != nil {
				t.Error(err)
			}
		})
	})
}

// endStreams opens streams and ends them, several times.
func (s *system) endStreams(t *testing.T, what string, bound time.Duration, try func(i int) (lives []time.Duration, open int)) {
	t.Helper()
	const trials = 6
	lives, open := []time.Duration{}, 0
	for i := range trials {
		more, left := try(i)
		lives, open = append(lives, more...), open+left
	}
	measured := "closed after " + spread(lives)
	if open > 0 {
		measured = fmt.Sprintf("**%d of %d still open after %s**", open, open+len(lives), streamWait)
	}
	found(t, "a user with a WebSocket, an event stream and a download at 2 gateways "+what, "they end within "+bound.String(), measured)
	if p99 := percentile(lives, 99); p99 > bound || open > 0 {
		t.Errorf("%s: %s", what, measured)
	}
}

// streamUntil opens streams of every kind at every gateway, calls end when they are so old, and returns how long each lived after
// that, and how many live on.
func (s *system) streamUntil(t *testing.T, u *user, age time.Duration, end func()) (lives []time.Duration, open int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ends := make(chan time.Time, 3*len(s.clients))
	for _, client := range s.clients {
		for _, path := range []string{"/live/events", "/live/download"} {
			body := get(ctx, t, client.Base+path, u.Token)
			go func() {
				_, _ = io.Copy(io.Discard, body)
				ends <- time.Now()
			}()
		}
		ws, _, err := websocket.Dial(ctx, client.Base+"/live/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {u.Token}}})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer func() { _ = ws.CloseNow() }()
			_, _, err := ws.Read(ctx)
			ends <- time.Now()
			if code := websocket.CloseStatus(err); code != websocket.StatusPolicyViolation && ctx.Err() == nil {
				t.Errorf("the WebSocket ended with %d (%v), want 1008", code, err)
			}
		}()
	}
	time.Sleep(age)
	end()
	ended := time.Now()
	timeout := time.After(streamWait)
	for range cap(ends) {
		select {
		case at := <-ends:
			lives = append(lives, at.Sub(ended))
		case <-timeout:
			return lives, cap(ends) - len(lives)
		}
	}
	return lives, 0
}

// get begins a response of any length.
func get(ctx context.Context, t *testing.T, url, token string) io.Reader {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", token)
	resp, err := (&http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}).Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v (%v)", url, resp, err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() }) // most often the gateway has ended it
	return resp.Body
}

// liveUpstream serves event streams, WebSockets and downloads that never end by themselves.
func liveUpstream(t *testing.T) string {
	t.Helper()
	trickle := func(gap time.Duration, bytes int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for tick := time.NewTicker(gap); ; {
				_, _ = w.Write(make([]byte, bytes))
				w.(http.Flusher).Flush()
				select {
				case <-tick.C:
				case <-r.Context().Done():
					return
				}
			}
		}
	}
	live := http.NewServeMux()
	live.Handle("/live/events", trickle(time.Hour, 10))
	live.Handle("/live/download", trickle(10*time.Millisecond, 4<<10))
	live.HandleFunc("/live/ws", func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			defer func() { _ = conn.CloseNow() }()
			_, _, _ = conn.Read(r.Context()) // until the other side is gone
		}
	})
	return serve(t, live)
}

// serve starts an upstream that ends with the test.
func serve(t *testing.T, handler http.Handler) (url string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
