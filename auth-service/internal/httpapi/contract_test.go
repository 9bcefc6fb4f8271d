package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestExistingClientsGetWhatTheyAlwaysGot(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		register := call{method: "POST", path: "/users/register", body: credentials("eligijus", "123456")}
		for _, step := range []struct {
			call   call
			status int
			body   string
		}{
			{register, 201, `{"message":"User created successfully","user_id":1}`},
			{register, 200, `{"message":"User already exists","user_id":1}`},
			{call{method: "POST", path: "/users/register", body: credentials("Eligijus", "other")}, 200, `{"message":"User already exists","user_id":1}`},
			{call{path: "/users/me", token: "Hello I am a really legit token"}, 401, `{"message":"Token is not valid"}`},
			{call{path: "/users/me"}, 401, `{"message":"Token is not valid"}`},
		} {
			if got := s.do(step.call); got.status != step.status || got.body != step.body {
				t.Errorf("%+v: got %d %s, want %d %s", step.call, got.status, got.body, step.status, step.body)
			}
		}
		if !s.works(s.signIn(t, "eligijus", "123456").Token) {
			t.Error("the token does not work")
		}
		if got := s.do(call{method: "POST", path: "/token", body: credentials("eligijus", "other")}); got.status != 401 {
			t.Errorf("a second registration changed the password: got %d", got.status)
		}
	})
}

func TestTokenSaysWhatTheContractSays(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.register(t, "eligijus", "123456")
	got := s.do(call{method: "POST", path: "/token", body: credentials("eligijus", "123456")})
	if got.header.Get("Cache-Control") != "no-store" {
		t.Error("the response may be cached")
	}
	body := read[map[string]any](t, got)
	if body["message"] != "Token created successfully" || body["token_type"] != "Bearer" || body["expires_in"] != 3600.0 {
		t.Errorf("got %v", body)
	}
	access, _ := body["token"].(string)
	parts := strings.Split(access, ".")
	var header, claims map[string]any
	for i, into := range []*map[string]any{&header, &claims} {
		raw := must(base64.RawURLEncoding.DecodeString(parts[i]))(t)
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	if header["alg"] != "HS256" || header["typ"] != "JWT" || header["kid"] == "" || len(header) != 3 {
		t.Errorf("header is %v", header)
	}
	now := float64(s.clock.Now().Unix())
	for name, want := range map[string]any{
		"iss": "tallygate", "aud": "tallygate", "sub": "1", "iat": now, "exp": now + 3600, "gen": 1.0,
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	if claims["jti"] == "" || claims["sid"] == "" || len(claims) != 8 {
		t.Errorf("claims are %v", claims)
	}
}

func TestTokenExpiresAtExp(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	access := s.user(t, "ada").Token
	s.clock.advance(time.Hour - time.Second)
	if !s.works(access) {
		t.Error("refused a second before exp")
	}
	s.clock.advance(time.Second)
	got := s.do(call{path: "/users/me", token: access})
	wantRefused(t, got)
	if want := `Bearer error="invalid_token", error_description="expired"`; got.header.Get("WWW-Authenticate") != want {
		t.Errorf("got %q, want %q", got.header.Get("WWW-Authenticate"), want)
	}
}

func TestHundredRegistrationsOfOneNameMakeOneUser(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		var mu sync.Mutex
		count := map[string]int{}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				got := s.do(call{method: "POST", path: "/users/register", body: credentials("ada", "123456")})
				mu.Lock()
				defer mu.Unlock()
				count[fmt.Sprint(got.status, got.body)]++
			})
		}
		all.Wait()
		created, existed := 0, 0
		for text, n := range count {
			switch {
			case strings.HasPrefix(text, `201{"message":"User created successfully","user_id":`):
				created += n
			case strings.HasPrefix(text, `200{"message":"User already exists","user_id":`):
				existed += n
			}
		}
		if created != 1 || existed != 99 || len(count) != 2 {
			t.Errorf("got %v", count)
		}
	})
}

func TestUnknownUserAndWrongPasswordLookTheSame(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.register(t, "ada", "123456")
	var responses [2]response
	for i, name := range []string{"ada", "nobody"} {
		responses[i] = s.do(call{method: "POST", path: "/token", body: credentials(name, "wrong")})
		responses[i].header.Del("X-Request-Id")
	}
	if a, b := fmt.Sprint(responses[0]), fmt.Sprint(responses[1]); a != b || responses[0].status != 401 {
		t.Errorf("got\n%s\nand\n%s", a, b)
	}
}

func TestWrongMethodIs405EvenWithoutAToken(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	got := s.do(call{method: http.MethodPatch, path: "/users/me"})
	if got.status != 405 || got.header.Get("Allow") == "" || !strings.Contains(got.body, `"message":`) {
		t.Errorf("got %d %v %s", got.status, got.header, got.body)
	}
	if got := s.do(call{path: "/no/such/path"}); got.status != 404 || !strings.Contains(got.body, `"message":`) {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
