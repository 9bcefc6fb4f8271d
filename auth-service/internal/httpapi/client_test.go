package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// response is the response to a call.
type response struct {
	status int
	header http.Header
	body   string
}

// call is one request; its zero value is a GET without a body from 192.0.2.1, through a trusted proxy.
type call struct {
	method, path, body string
	token              string
	address            string
	header             http.Header
}

func (s *service) do(c call) response {
	if c.method == "" {
		c.method = http.MethodGet
	}
	if c.address == "" {
		c.address = "192.0.2.1"
	}
	req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	req.RemoteAddr = "127.0.0.1:40000"
	req.Header.Set("X-Forwarded-For", c.address)
	req.Header.Set("User-Agent", "test/1")
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", c.token)
	}
	maps.Copy(req.Header, c.header)
	handler := s.public
	if strings.HasPrefix(c.path, "/internal/") {
		handler = s.private
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	return response{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// signedIn are the tokens of a sign-in or a refresh.
type signedIn struct {
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
}

// fetch makes a call, wants the status and decodes the response into a T.
func fetch[T any](t testing.TB, s *service, c call, status int) T {
	t.Helper()
	got := s.do(c)
	if got.status != status {
		t.Fatalf("%s %s: got %d %s, want %d", c.method, c.path, got.status, got.body, status)
	}
	return read[T](t, got)
}

func read[T any](t testing.TB, r response) T {
	t.Helper()
	var into T
	if r.body == "" {
		return into
	}
	if err := json.NewDecoder(bytes.NewReader([]byte(r.body))).Decode(&into); err != nil {
		t.Fatalf("%q: %v", r.body, err)
	}
	return into
}

func credentials(name, password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, name, password)
}

func (s *service) register(t testing.TB, name, password string) int64 {
	t.Helper()
	return fetch[struct {
		ID int64 `json:"user_id"`
	}](t, s, call{method: "POST", path: "/users/register", body: credentials(name, password)}, 201).ID
}

func (s *service) signIn(t testing.TB, name, password string) signedIn {
	t.Helper()
	return fetch[signedIn](t, s, call{method: "POST", path: "/token", body: credentials(name, password)}, 200)
}

// user registers a user and signs them in.
func (s *service) user(t testing.TB, name string) signedIn {
	t.Helper()
	s.register(t, name, "123456")
	return s.signIn(t, name, "123456")
}

func (s *service) refresh(c signedIn) response {
	return s.do(call{method: "POST", path: "/token/refresh", body: fmt.Sprintf(`{"refresh_token":%q}`, c.RefreshToken)})
}

// works reports whether an access token is taken.
func (s *service) works(accessToken string) bool {
	return s.do(call{path: "/users/me", token: accessToken}).status == 200
}

const refusedBody = `{"message":"Token is not valid"}`

func wantRefused(t *testing.T, r response) {
	t.Helper()
	if r.status != 401 || r.body != refusedBody || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("got %d %s %v, want the 401 of a refused token", r.status, r.body, r.header)
	}
}
