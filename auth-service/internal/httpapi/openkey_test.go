package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/apikey"
)

// caller is a user as one who has signed in. The password is the one of s.user.
func (s *service) caller(t testing.TB, name string) account.Caller {
	t.Helper()
	claims := must(s.verifier.Verify(s.signIn(t, name, "123456").Token))(t)
	return must(s.accounts.Authenticate(t.Context(), account.Presented{
		UserID: claims.UserID, SessionID: claims.SessionID, Generation: claims.Generation, TokenID: claims.ID,
	}))(t)
}

// key makes an API key of a user. The edit needs no name.
func (s *service) key(t testing.TB, name string, e account.KeyEdit) (account.APIKey, string) {
	t.Helper()
	label := "a key"
	e.Name = &label
	key, text, err := s.accounts.CreateKey(t.Context(), s.caller(t, name), e)
	if err != nil {
		t.Fatal(err)
	}
	return key, text
}

type keyInRecord struct {
	KeyID  string `json:"key_id"`
	Hashes []struct {
		Hash  string
		Until *time.Time
	}
	ExpiresAt    *time.Time `json:"expires_at"`
	Routes       []string
	MonthlyQuota *int64 `json:"monthly_quota"`
}

type opened struct {
	User struct {
		UserID  int64 `json:"user_id"`
		Version int64
		Keys    []keyInRecord
	}
	KeyID          string     `json:"key_id"`
	Token          *string    `json:"token"`
	TokenExpiresAt *time.Time `json:"token_expires_at"`
}

// open asks about a key as a gateway does.
func (s *service) open(key string) response {
	return s.do(call{method: "POST", path: "/internal/keys", token: s.internal, body: fmt.Sprintf(`{"hash":%q}`, apikey.Hash(key))})
}

func TestAGatewayGetsATokenForAKey(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		s.register(t, "ada", "123456")
		quota := int64(5)
		routes, expires := []string{"root", "files"}, s.clock.Now().Add(48*time.Hour)
		key, text := s.key(t, "ada", account.KeyEdit{Routes: &routes, ExpiresAt: &expires, Quota: &account.Quota{Limit: &quota}})
		got := read[opened](t, s.open(text))
		if got.Token == nil || got.KeyID != fmt.Sprint(key.ID) || got.User.UserID != 1 || got.User.Version != 1 || len(got.User.Keys) != 1 {
			t.Fatalf("got %+v", got)
		}
		in := got.User.Keys[0]
		if in.KeyID != got.KeyID || len(in.Hashes) != 1 || in.Hashes[0].Hash != apikey.Hash(text).String() || in.Hashes[0].Until != nil ||
			!in.ExpiresAt.Equal(expires) || !slices.Equal(in.Routes, routes) || *in.MonthlyQuota != quota {
			t.Errorf("the record has %+v", in)
		}
		claims := must(s.verifier.Verify(*got.Token))(t)
		hash := apikey.Hash(text)
		if claims.UserID != 1 || claims.KeyID != key.ID || claims.SessionID != "key-"+got.KeyID || claims.Generation != 1 ||
			!claims.ExpiresAt.Equal(*got.TokenExpiresAt) || !claims.ExpiresAt.Equal(s.clock.Now().Add(time.Hour)) ||
			account.LinkOf(claims.ID) != account.TokenLink(hash[:8]) {
			t.Errorf("the token says %+v", claims)
		}
		if again := read[opened](t, s.open(text)); again.Token == nil || *again.Token == *got.Token {
			t.Error("two tokens are the same")
		}
		if known := fetch[struct {
			Known *bool `json:"session_known"`
		}](t, s, call{path: "/internal/users/1?session=key-" + got.KeyID, token: s.internal}, 200); known.Known == nil || *known.Known {
			t.Error("a gateway that does not know keys would accept the token")
		}
	})
}

func TestATokenNeverOutlivesItsKey(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		s.register(t, "ada", "123456")
		expires := s.clock.Now().Add(30*time.Minute + 500*time.Millisecond)
		key, first := s.key(t, "ada", account.KeyEdit{ExpiresAt: &expires})
		until := func(what, text string, want time.Duration) {
			t.Helper()
			got := read[opened](t, s.open(text))
			switch {
			case want == 0 && (got.Token != nil || got.TokenExpiresAt != nil || len(got.User.Keys) != 1):
				t.Errorf("%s: got %+v, want no token", what, got)
			case want != 0 && (got.Token == nil || got.TokenExpiresAt.Sub(s.clock.Now()) != want):
				t.Errorf("%s: got %+v, want one for %s", what, got, want)
			}
		}
		until("a key that expires", first, 30*time.Minute)
		_, second, err := s.accounts.RotateKey(t.Context(), s.caller(t, "ada"), key.ID, 10*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		until("the old secret, in the overlap", first, 10*time.Minute)
		until("the new one", second, 30*time.Minute)
		s.clock.advance(10 * time.Minute)
		wantNoKey(t, "the old secret, after the overlap", s.open(first))
		until("the new one", second, 20*time.Minute)
		s.clock.advance(20 * time.Minute)
		until("in the last half of a second", second, 0)
		s.clock.advance(time.Minute)
		until("an expired key", second, 0)
		later := s.clock.Now().Add(time.Minute)
		if _, err := s.accounts.EditKey(t.Context(), s.caller(t, "ada"), key.ID, account.KeyEdit{ExpiresAt: &later}); err != nil {
			t.Fatal(err)
		}
		until("one whose expiry was moved", second, time.Minute)
	})
}

func wantNoKey(t *testing.T, what string, got response) {
	t.Helper()
	if got.status != 404 || !strings.Contains(got.body, "problems/no-such-key") {
		t.Errorf("%s: got %d %s, want no such key", what, got.status, got.body)
	}
}

func TestADeadKeyIsUnknown(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		s.register(t, "ada", "123456")
		ada := s.caller(t, "ada")
		wantNoKey(t, "an invented key", s.open("tg_x"))

		key, first := s.key(t, "ada", account.KeyEdit{})
		rotate := func(overlap time.Duration) string {
			_, text, err := s.accounts.RotateKey(t.Context(), ada, key.ID, overlap)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		second := rotate(time.Hour)
		if s.open(first).status != 200 || s.open(second).status != 200 {
			t.Error("in the overlap, one of the two is not known")
		}
		third := rotate(time.Hour)
		wantNoKey(t, "one that was replaced twice", s.open(first))
		fourth := rotate(0)
		wantNoKey(t, "one that was replaced without an overlap", s.open(third))
		wantNoKey(t, "one that was replaced before", s.open(second))
		if err := s.accounts.RevokeKey(t.Context(), ada, key.ID); err != nil {
			t.Fatal(err)
		}
		wantNoKey(t, "a revoked key", s.open(fourth))

		_, text := s.key(t, "ada", account.KeyEdit{})
		for _, step := range []struct {
			body  string
			works bool
		}{{`{"disabled":true}`, false}, {`{"disabled":false}`, true}} {
			s.do(call{method: "PATCH", path: fmt.Sprint("/admin/users/", ada.User.ID), token: root.Token, body: step.body})
			if got := read[opened](t, s.open(text)); (got.Token != nil) != step.works || len(got.User.Keys) != 1 {
				t.Errorf("after %s: got %+v", step.body, got)
			}
		}
		s.do(call{method: "DELETE", path: fmt.Sprint("/admin/users/", ada.User.ID), token: root.Token})
		wantNoKey(t, "a key of a user who is gone", s.open(text))
	})
}

// TestEachChangeOfAKeyIsInTheFeed: a gateway hears of it as of any other change of the user.
func TestEachChangeOfAKeyIsInTheFeed(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		s.register(t, "ada", "123456")
		ada := s.caller(t, "ada")
		key, _ := s.key(t, "ada", account.KeyEdit{})
		name := "another name"
		for n, step := range []struct {
			what   string
			change func() error
			keys   int
			hashes int
		}{
			{"made", func() error { return nil }, 1, 1},
			{"renamed", func() error {
				_, err := s.accounts.EditKey(t.Context(), ada, key.ID, account.KeyEdit{Name: &name})
				return err
			}, 1, 1},
			{"rotated", func() error {
				_, _, err := s.accounts.RotateKey(t.Context(), ada, key.ID, time.Hour)
				return err
			}, 1, 2},
			{"revoked", func() error { return s.accounts.RevokeKey(t.Context(), ada, key.ID) }, 0, 0},
		} {
			if err := step.change(); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			page := fetch[struct {
				Cursor string
				Users  []struct {
					Version int64
					Keys    []keyInRecord
				}
			}](t, s, call{path: fmt.Sprint("/internal/changes?after=", n), token: s.internal}, 200)
			if page.Cursor != fmt.Sprint(n+1) || len(page.Users) != 1 || len(page.Users[0].Keys) != step.keys {
				t.Fatalf("%s: got %+v", step.what, page)
			}
			if step.keys > 0 && len(page.Users[0].Keys[0].Hashes) != step.hashes {
				t.Errorf("%s: got %+v", step.what, page)
			}
		}
		// What changes nothing is no change.
		other, _ := s.key(t, "ada", account.KeyEdit{})
		label := other.Name
		if _, err := s.accounts.EditKey(t.Context(), ada, other.ID, account.KeyEdit{Name: &label}); err != nil {
			t.Fatal(err)
		}
		if got := fetch[changes](t, s, call{path: "/internal/changes", token: s.internal}, 200); got.Cursor != "5" {
			t.Errorf("the feed is at %s, want 5", got.Cursor)
		}
	})
}

func TestTheTokenOfAKeyIsNoSignIn(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		s.root(t)
		ada := s.caller(t, "root")
		key, text := s.key(t, "root", account.KeyEdit{})
		token := *read[opened](t, s.open(text)).Token
		for _, c := range []call{
			{path: "/users/me"},
			{path: "/users/me/sessions"},
			{path: "/admin/users"},
			{path: "/admin/audit"},
			{method: "POST", path: "/token/ticket"},
			{method: "POST", path: "/logout"},
			{method: "DELETE", path: "/users/me", body: `{"password":"123456"}`},
			{method: "PUT", path: "/users/me/password", body: `{"current_password":"123456","new_password":"x"}`},
			{method: "PATCH", path: "/admin/users/1", body: `{"monthly_quota":5}`},
		} {
			c.token = token
			if got := s.do(c); got.status != 403 || !strings.Contains(got.body, "/problems/key-not-allowed") {
				t.Errorf("%s %s: got %d %s", c.method, c.path, got.status, got.body)
			}
		}
		refuses := func(what, token string) {
			t.Helper()
			if wantRefused(t, s.do(call{path: "/users/me", token: token})); t.Failed() {
				t.Fatal(what)
			}
		}
		refuses("a key itself", "Bearer "+text)
		_, second, err := s.accounts.RotateKey(t.Context(), ada, key.ID, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.do(call{path: "/users/me", token: token}); got.status != 403 {
			t.Errorf("in the overlap: got %d", got.status)
		}
		newer := *read[opened](t, s.open(second)).Token
		s.clock.advance(time.Minute)
		refuses("the token of a secret whose overlap is over", token)
		if got := s.do(call{path: "/users/me", token: newer}); got.status != 403 {
			t.Errorf("the token of the new secret: got %d", got.status)
		}
		if err := s.accounts.RevokeKey(t.Context(), ada, key.ID); err != nil {
			t.Fatal(err)
		}
		refuses("the token of a revoked key", newer)
	})
}
