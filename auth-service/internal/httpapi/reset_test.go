package httpapi_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/password"
)

type madeReset struct {
	Token     string    `json:"reset_token"`
	ExpiresAt time.Time `json:"expires_at"`
	Link      *string
}

func (s *service) reset(t testing.TB, root signedIn, id int64) madeReset {
	t.Helper()
	return fetch[madeReset](t, s, call{method: "POST", path: fmt.Sprintf("/admin/users/%d/reset", id), token: root.Token}, 201)
}

func (s *service) useReset(token, next string) response {
	return s.do(call{method: "POST", path: "/users/password", body: fmt.Sprintf(`{"reset_token":%q,"new_password":%q}`, token, next)})
}

func TestAResetTokenSetsThePasswordAndEndsEverything(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		var log bytes.Buffer
		s := newService(t, options{url: url, log: &log})
		root := s.root(t)
		id := s.register(t, "ada", "123456")
		phone, desk := s.signIn(t, "ada", "123456"), s.signIn(t, "ada", "123456")
		made := s.do(call{method: "POST", path: fmt.Sprintf("/admin/users/%d/reset", id), token: root.Token})
		if made.status != 201 || made.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("got %d %s %v", made.status, made.body, made.header)
		}
		reset := read[madeReset](t, made)
		if !strings.HasPrefix(reset.Token, "tgr_") || !reset.ExpiresAt.Equal(s.clock.Now().Add(time.Hour)) || reset.Link != nil {
			t.Errorf("got %s", made.body)
		}
		if !s.works(phone.Token) {
			t.Error("a token that nobody has used yet has ended a session")
		}
		got := s.useReset(reset.Token, "correct horse")
		if got.status != 204 || got.body != "" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %d %s %v", got.status, got.body, got.header)
		}
		for _, old := range []signedIn{phone, desk} {
			wantRefused(t, s.do(call{path: "/users/me", token: old.Token}))
			wantRefused(t, s.refresh(old))
		}
		if got := s.do(call{method: "POST", path: "/token", body: credentials("ada", "123456")}); got.status != 401 {
			t.Errorf("the old password: got %d", got.status)
		}
		s.signIn(t, "ada", "correct horse")
		if got, want := auditLog(t, s, root)[0], "root@192.0.2.1 reset ada "; got != want {
			t.Errorf("the audit log has %q, want %q", got, want)
		}
		if strings.Contains(log.String(), reset.Token) || !strings.Contains(log.String(), `"event":"password reset"`) {
			t.Errorf("the log is %s", log.String())
		}
	})
}

func TestAllResetTokensThatAreNotValidGetOneAnswer(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		tokenOf := func(name string) (int64, string) {
			id := s.register(t, name, "123456")
			return id, s.reset(t, root, id).Token
		}
		ada, superseded := tokenOf("ada")
		newer := s.reset(t, root, ada).Token
		_, used := tokenOf("bob")
		if got := s.useReset(used, "correct horse"); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		eve, disabled := tokenOf("eve")
		fetch[managedUser](t, s, call{method: "PATCH", path: fmt.Sprint("/admin/users/", eve), token: root.Token, body: `{"disabled":true}`}, 200)
		gus, deleted := tokenOf("gus")
		s.do(call{method: "DELETE", path: fmt.Sprint("/admin/users/", gus), token: root.Token})
		ida, changed := tokenOf("ida")
		own := s.do(call{
			method: "PUT", path: "/users/me/password", token: s.signIn(t, "ida", "123456").Token,
			body: `{"current_password":"123456","new_password":"another"}`,
		})
		if own.status != 204 || ida == 0 {
			t.Fatalf("got %d %s", own.status, own.body)
		}
		parent := s.user(t, "joe")

		want := s.useReset("tgr_unknown", "correct horse")
		if want.status != 403 || !strings.Contains(want.body, "/problems/reset-not-valid") {
			t.Fatalf("unknown: got %d %s", want.status, want.body)
		}
		_, expired := tokenOf("kim")
		for what, token := range map[string]string{
			"empty": "", "superseded": superseded, "used": used, "of a disabled user": disabled, "of a deleted user": deleted,
			"of a user who changed the password": changed, "a refresh token": parent.RefreshToken, "an access token": parent.Token,
			"cut": newer[:len(newer)-1], "with a space": newer + " ", "another case": strings.ToUpper(newer),
		} {
			if got := s.useReset(token, "correct horse"); got.status != want.status || got.body != want.body || len(got.header) != len(want.header) {
				t.Errorf("%s: got %d %s %v", what, got.status, got.body, got.header)
			}
		}
		s.clock.advance(time.Hour)
		if got := s.useReset(expired, "correct horse"); got.body != want.body {
			t.Errorf("expired: got %d %s", got.status, got.body)
		}
	})
}

func TestARefusedPasswordLeavesTheResetTokenUnused(t *testing.T) {
	t.Parallel()
	s := newService(t, options{policy: must(password.NewPolicy(6, false))(t)})
	root := s.root(t)
	token := s.reset(t, root, s.register(t, "ada", "123456")).Token
	for _, bad := range []string{"", "short", strings.Repeat("x", 1025)} {
		if got := s.useReset(token, bad); got.status != 422 || !strings.Contains(got.body, "invalid-new_password") {
			t.Errorf("%q: got %d %s", bad, got.status, got.body)
		}
	}
	for body, want := range map[string]int{
		``: 400, `[]`: 400, `{}`: 422, `{"reset_token":"x"}`: 422, `{"new_password":"x"}`: 422, `{"reset_token":7,"new_password":"x"}`: 422,
		`{"reset_token":null,"new_password":"x"}`: 422, `{"reset_token":"x","new_password":"y","username":"ada"}`: 422,
	} {
		if got := s.do(call{method: "POST", path: "/users/password", body: body}); got.status != want {
			t.Errorf("%s: got %d %s, want %d", body, got.status, got.body, want)
		}
	}
	if got := s.useReset(token, "battery staple"); got.status != 204 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// TestOfManyUsesAtOnceOneSucceeds: two replicas on one database.
func TestOfManyUsesAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		one := newService(t, options{url: url})
		other := newService(t, options{url: url, clock: one.clock})
		token := one.reset(t, one.root(t), one.register(t, "ada", "123456")).Token
		const uses = 50
		got := make([]response, uses)
		begin := make(chan struct{})
		var all sync.WaitGroup
		for i := range uses {
			replica := [...]*service{one, other}[i%2]
			all.Go(func() {
				<-begin
				got[i] = replica.useReset(token, fmt.Sprint("password ", i))
			})
		}
		close(begin)
		all.Wait()
		winner := -1
		for i, r := range got {
			switch {
			case r.status == 204 && winner < 0:
				winner = i
			case r.status != 403:
				t.Errorf("use %d: got %d %s, want 403; use %d has succeeded", i, r.status, r.body, winner)
			}
		}
		if winner < 0 {
			t.Fatal("none succeeded")
		}
		other.signIn(t, "ada", fmt.Sprint("password ", winner))
	})
}

func TestResetsAreForAdministratorsAndForSomebody(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root, ada := s.root(t), s.user(t, "ada")
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{path: "/admin/users/2/reset"}, 401},
		{call{path: "/admin/users/1/reset", token: ada.Token}, 403},
		{call{path: "/admin/users/99/reset", token: root.Token}, 404},
		{call{path: "/admin/users/x/reset", token: root.Token}, 422},
		{call{path: "/admin/users/2/reset", token: root.Token, body: `{"token":"mine"}`}, 422},
		{call{path: "/admin/users/2/reset", token: root.Token, body: `{}`}, 201},
		{call{path: "/admin/users/1/reset", token: root.Token}, 201},
	} {
		step.call.method = "POST"
		if got := s.do(step.call); got.status != step.status {
			t.Errorf("%+v: got %d %s", step.call, got.status, got.body)
		}
	}
}

func TestAResetLinkLeadsToTheConsole(t *testing.T) {
	t.Parallel()
	s := newService(t, options{link: "https://example.com/gate"})
	root := s.root(t)
	made := s.reset(t, root, s.register(t, "ada", "123456"))
	if want := "https://example.com/gate/#reset=" + made.Token; made.Link == nil || *made.Link != want {
		t.Errorf("got %v, want %s", made.Link, want)
	}
}

// TestWrongResetTokensAreThrottled: they are free of hashing, and their owner's neighbours do not keep the owner out.
func TestWrongResetTokensAreThrottled(t *testing.T) {
	t.Parallel()
	s := newService(t, options{guesses: defaultGuesses()})
	root := s.root(t)
	id := s.register(t, "ada", "123456")
	token := s.reset(t, root, id).Token
	for i := range 100 {
		if got := s.useReset(fmt.Sprint("tgr_", i), "correct horse"); got.status != 403 {
			t.Fatalf("%d: got %d %s", i, got.status, got.body)
		}
	}
	got := s.useReset("tgr_100", "correct horse")
	if got.status != 429 || got.header.Get("Retry-After") == "" || !strings.HasPrefix(got.header.Get("RateLimit-Policy"), `"resets";q=100`) {
		t.Errorf("got %d %s %v", got.status, got.body, got.header)
	}
	if got := s.useReset(token, "correct horse"); got.status != 204 {
		t.Errorf("the owner at that address: got %d %s", got.status, got.body)
	}
	s.signIn(t, "ada", "correct horse")
}

func TestAResetForgivesFailuresAtEveryAddress(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, guesses: defaultGuesses()})
		root := s.root(t)
		id := s.register(t, "ada", "123456")
		s.register(t, "bob", "123456")
		try := func(name, password, address string) int {
			return s.do(call{method: "POST", path: "/token", body: credentials(name, password), address: address}).status
		}
		addresses := []string{"192.0.2.7", "198.51.100.7", "2001:db8::7"}
		for _, address := range addresses {
			for range 11 {
				try("ada", "wrong", address)
				try("bob", "wrong", address)
			}
			if got := try("ada", "123456", address); got != 429 {
				t.Fatalf("before: got %d, want 429", got)
			}
		}
		if got := s.useReset(s.reset(t, root, id).Token, "correct horse"); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		for _, address := range addresses {
			if got := try("ada", "correct horse", address); got != 200 {
				t.Errorf("at %s: got %d, want 200", address, got)
			}
			if got := try("bob", "123456", address); got != 429 {
				t.Errorf("another name at %s: got %d, want 429", address, got)
			}
		}
	})
}

func TestTheOperatorSetsAPassword(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	token := s.reset(t, root, 1).Token
	by := account.Actor{Name: "command line"}
	if _, err := s.accounts.SetPassword(t.Context(), by, "Root", "correct horse"); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, s.do(call{path: "/users/me", token: root.Token}))
	wantRefused(t, s.refresh(root))
	if got := s.useReset(token, "battery staple"); got.status != 403 {
		t.Errorf("a reset token from before: got %d", got.status)
	}
	if got, want := auditLog(t, s, s.signIn(t, "root", "correct horse"))[0], "command line@ password root "; got != want {
		t.Errorf("the audit log has %q, want %q", got, want)
	}
}
