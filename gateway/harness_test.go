package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"tallygate/kit/internalapi/internalapitest"
	"tallygate/kit/token/tokentest"
)

const testSecret = "7f0cb1d24e8a4b7b9d5e60a5a1c3f2d4-for-tests-of-the-gateway"

// params are a token of the user whom the test's auth-service knows.
func params() tokentest.Params {
	return tokentest.Params{
		Secret: testSecret, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: time.Now(),
		UserID: "7", SessionID: "s", Generation: 3,
	}
}

const testInternalSecret = testSecret + "-internal"

// newAuthService starts a fake of auth-service, which fails the test at any request that is not as
// kit/internalapi/openapi.yaml describes it: user 7 exists, and nothing changes.
func newAuthService(t *testing.T) (auth *internalapitest.AuthService, url string) {
	t.Helper()
	auth, url = internalapitest.Start(t, testInternalSecret)
	auth.SetUser(7, internalapitest.Members{"generation": 3, "ended_sessions": []any{}, "monthly_quota": nil})
	return auth, url
}

func serverAt(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// running is a gateway that was started as main starts it.
type running struct {
	public, private string
	log             *syncBuffer
	stop            context.CancelFunc
	ended           chan error
}

func start(t *testing.T, vars map[string]string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	g := &running{public: free(t), private: free(t), log: new(syncBuffer), stop: cancel, ended: make(chan error, 1)}
	_, auth := newAuthService(t)
	all := map[string]string{
		"ADDR": g.public, "PRIVATE_ADDR": g.private, "JWT_SECRET": testSecret, "INTERNAL_SECRET": testInternalSecret,
		"STATE_DIR": t.TempDir(), "AUTH_PRIVATE_URL": auth, "MATH_URL": serverAt(t, echo),
	}
	maps.Copy(all, vars)
	go func() {
		g.ended <- run(ctx, func(name string) (string, bool) { v, ok := all[name]; return v, ok }, g.log)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-g.ended; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	until(t, "ready", func() bool {
		resp, err := http.Get("http://" + g.private + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return g
}

func echo(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" user "+r.Header.Get("X-User-Id"))
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// get returns the status and the body.
func (g *running) get(t *testing.T, path string, authorization ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.public+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["Authorization"] = authorization
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
