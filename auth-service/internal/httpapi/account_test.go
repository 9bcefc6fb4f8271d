package httpapi_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
)

type sessionList struct {
	Sessions []struct {
		ID, Client, Address string
		Current             bool
	}
}

func TestLogoutEndsOneSession(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		here := s.user(t, "ada")
		there := s.signIn(t, "ada", "123456")
		if got := s.do(call{method: "POST", path: "/logout", token: here.Token}); got.status != 204 || got.body != "" {
			t.Errorf("got %d %q", got.status, got.body)
		}
		wantRefused(t, s.do(call{path: "/users/me", token: here.Token}))
		wantRefused(t, s.do(call{method: "POST", path: "/logout", token: here.Token}))
		wantRefused(t, s.refresh(here))
		if !s.works(there.Token) {
			t.Error("the other session ended too")
		}
	})
}

func TestSignOutsOfOneSessionAtOnceAllEndIt(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		s.register(t, "ada", "123456")
		for range 5 {
			here := s.signIn(t, "ada", "123456")
			var all sync.WaitGroup
			for range 30 {
				all.Go(func() {
					if got := s.do(call{method: "POST", path: "/logout", token: here.Token}); got.status != 204 && got.status != 401 {
						t.Errorf("got %d %s, want 204 or 401", got.status, got.body)
					}
				})
			}
			all.Wait()
			wantRefused(t, s.refresh(here))
		}
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	here := s.user(t, "ada")
	there := fetch[signedIn](t, s, call{method: "POST", path: "/token", body: credentials("ada", "123456"), address: "2001:db8::1"}, 200)
	eve := s.user(t, "eve")

	list := fetch[sessionList](t, s, call{path: "/users/me/sessions", token: here.Token}, 200)
	if len(list.Sessions) != 2 {
		t.Fatalf("got %+v", list)
	}
	var other string
	for _, one := range list.Sessions {
		if one.Client != "test/1" {
			t.Errorf("got %+v", one)
		}
		if !one.Current {
			other = one.ID
			if one.Address != "2001:db8::1" {
				t.Errorf("got %+v", one)
			}
		}
	}
	end := call{method: "DELETE", path: "/users/me/sessions/" + other}
	end.token = eve.Token
	if got := s.do(end); got.status != 404 {
		t.Errorf("somebody else ended it: got %d", got.status)
	}
	end.token = here.Token
	if got := s.do(end); got.status != 204 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := s.do(end); got.status != 404 {
		t.Errorf("ended twice: got %d", got.status)
	}
	if s.works(there.Token) || !s.works(here.Token) {
		t.Error("the wrong session ended")
	}
	for _, id := range []string{"%00", "x", strings.Repeat("A", 22), strings.Repeat("A", 5000)} {
		end.path = "/users/me/sessions/" + id
		if got := s.do(end); got.status != 404 {
			t.Errorf("%.30s: got %d %s", id, got.status, got.body)
		}
	}
}

func TestChangedPasswordEndsEveryTokenWithinTheSameSecond(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url}) // its clock stands still
		before, also := s.user(t, "ada"), s.signIn(t, "ada", "123456")
		change := call{method: "PUT", path: "/users/me/password", token: before.Token}
		change.body = `{"current_password":"wrong","new_password":"654321"}`
		if got := s.do(change); got.status != 401 || got.body == refusedBody {
			t.Errorf("wrong password: got %d %s", got.status, got.body)
		}
		change.body = `{"current_password":"123456","new_password":"654321"}`
		if got := s.do(change); got.status != 204 {
			t.Errorf("got %d %s", got.status, got.body)
		}
		for _, old := range []signedIn{before, also} {
			wantRefused(t, s.do(call{path: "/users/me", token: old.Token}))
			wantRefused(t, s.refresh(old))
		}
		if got := s.do(call{method: "POST", path: "/token", body: credentials("ada", "123456")}); got.status != 401 {
			t.Errorf("the old password: got %d", got.status)
		}
		if !s.works(s.signIn(t, "ada", "654321").Token) {
			t.Error("a token from after the change does not work")
		}
	})
}

func TestDeletedAccountIsGoneAndItsNameFree(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		first := s.register(t, "ada", "123456")
		tokens := s.signIn(t, "ada", "123456")
		remove := call{method: "DELETE", path: "/users/me", token: tokens.Token, body: `{"password":"wrong"}`}
		if got := s.do(remove); got.status != 401 || got.body == refusedBody {
			t.Errorf("wrong password: got %d %s", got.status, got.body)
		}
		remove.body = `{"password":"123456"}`
		if got := s.do(remove); got.status != 204 {
			t.Errorf("got %d %s", got.status, got.body)
		}
		wantRefused(t, s.do(call{path: "/users/me", token: tokens.Token}))
		wantRefused(t, s.refresh(tokens))
		if got := s.do(call{method: "POST", path: "/token", body: credentials("ada", "123456")}); got.status != 401 {
			t.Errorf("sign-in: got %d", got.status)
		}
		if second := s.register(t, "ada", "123456"); second <= first {
			t.Errorf("the name's new id is %d after %d", second, first)
		}
		wantRefused(t, s.do(call{path: "/users/me", token: tokens.Token}))
	})
}

func TestPasswordPolicyIsForNewPasswords(t *testing.T) {
	t.Parallel()
	s := newService(t, options{policy: must(password.NewPolicy(8, true))(t)})
	for _, refused := range []string{"1234567", "Password1", "ada-lovelace", "tallygate"} {
		got := s.do(call{method: "POST", path: "/users/register", body: credentials("ada-lovelace", refused)})
		if got.status != 422 || !strings.Contains(got.body, "invalid-password") {
			t.Errorf("%s: got %d %s", refused, got.status, got.body)
		}
	}
	s.register(t, "ada-lovelace", "difference engine")
}

func TestOldHashesAreReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	url := shared.SQLite(t)
	before, after := newService(t, options{url: url}), newService(t, options{url: url, params: password.Params{MemoryKiB: 128, Passes: 1, Threads: 1}})
	before.register(t, "ada", "123456")
	imported := string(must(bcrypt.GenerateFromPassword([]byte("123456"), bcrypt.MinCost))(t))
	before.importUser(t, "Grace", imported)
	db := must(store.Open(store.Config{URL: url, MaxConns: 2, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)}))(t)
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada", "grace"} {
		if got := after.do(call{method: "POST", path: "/token", body: credentials(name, "wrong")}); got.status != 401 {
			t.Errorf("%s with a wrong password: got %d", name, got.status)
		}
		after.signIn(t, name, "123456")
		user := must(db.UserByName(t.Context(), name))(t)
		if !strings.HasPrefix(user.PasswordHash, "$argon2id$v=19$m=128,") || user.Generation != 1 {
			t.Errorf("%s: got %s, generation %d", name, user.PasswordHash, user.Generation)
		}
		after.signIn(t, name, "123456")
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newService(t, options{log: &log})
	s.register(t, "ada", "correct horse")
	tokens := s.signIn(t, "ada", "correct horse")
	s.do(call{method: "POST", path: "/token", body: credentials("nobody-special", "battery staple")})
	s.do(call{path: "/users/me?token=" + tokens.Token, token: tokens.Token})
	next := read[signedIn](t, s.refresh(tokens))
	text := log.String()
	for _, secret := range []string{"correct horse", "battery staple", "nobody-special", tokens.Token, tokens.RefreshToken, next.RefreshToken} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, want := range []string{`"signed in"`, `"sign-in failed"`, `"registered"`, `"client_address":"192.0.2.1"`, `"route":"/users/me"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}
