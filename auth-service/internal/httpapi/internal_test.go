package httpapi_test

import (
	"fmt"
	"testing"
	"time"
)

type record struct {
	UserID       int64 `json:"user_id"`
	Exists       bool
	Disabled     bool
	Generation   int64
	Role         string
	Version      int64
	Ended        []struct{ ID, Until string } `json:"ended_sessions"`
	MonthlyQuota *int64                       `json:"monthly_quota"`
}

type changes struct {
	Cursor string
	Epoch  string
	Users  []record
}

func TestPrivateListenerRequiresItsCredential(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	for _, credential := range []string{"", ada.Token, "Bearer " + internalSecret, s.internal + "A"} {
		for _, path := range []string{"/internal/users/1", "/internal/changes"} {
			if got := s.do(call{path: path, token: credential}); got.status != 401 {
				t.Errorf("%s with %.20q: got %d", path, credential, got.status)
			}
		}
	}
}

func TestRecordSaysWhatAGatewayHasToKnow(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		get := func(id int64) record {
			return fetch[record](t, s, call{path: fmt.Sprint("/internal/users/", id), token: s.internal}, 200)
		}
		if got := get(77); got.Exists || got.UserID != 77 || got.Version != 0 {
			t.Errorf("unknown user: got %+v", got)
		}
		id := s.register(t, "ada", "123456")
		ada := s.signIn(t, "ada", "123456")
		if got := get(id); !got.Exists || got.Generation != 1 || got.Version != 0 || len(got.Ended) != 0 || got.MonthlyQuota != nil {
			t.Errorf("new user: got %+v", got)
		}
		s.do(call{method: "POST", path: "/logout", token: ada.Token})
		if got := get(id); got.Version != 1 || len(got.Ended) != 1 || got.Ended[0].Until != "2026-11-24T13:01:00Z" {
			t.Errorf("after the sign-out: got %+v", got)
		}
		s.do(call{method: "DELETE", path: "/users/me", token: s.signIn(t, "ada", "123456").Token, body: `{"password":"123456"}`})
		if got := get(id); got.Exists || got.Version != 2 || len(got.Ended) != 0 {
			t.Errorf("after the deletion: got %+v", got)
		}
		for _, bad := range []string{"0", "-1", "x", "99999999999999999999"} {
			if got := s.do(call{path: "/internal/users/" + bad, token: s.internal}); got.status != 422 {
				t.Errorf("%s: got %d", bad, got.status)
			}
		}
	})
}

func TestFeedSendsChangesAsTheyHappen(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		here, there := newService(t, options{url: url}), newService(t, options{url: url})
		ada, eve := here.user(t, "ada"), here.user(t, "eve")
		poll := func(query string) changes {
			return fetch[changes](t, there, call{path: "/internal/changes" + query, token: there.internal}, 200)
		}
		start := poll("")
		if len(start.Users) != 0 {
			t.Errorf("got %+v", start)
		}
		if got := poll("?after=" + start.Cursor + "&wait=0s"); len(got.Users) != 0 || got.Cursor != start.Cursor {
			t.Errorf("nothing has happened: got %+v", got)
		}
		waiting := make(chan changes, 1)
		go func() { waiting <- poll("?after=" + start.Cursor + "&wait=25s") }()
		here.do(call{method: "POST", path: "/logout", token: ada.Token})
		done := time.Now()
		got := <-waiting
		if took := time.Since(done); took > time.Second {
			t.Errorf("the news took %v", took)
		}
		if len(got.Users) != 1 || got.Users[0].UserID != 1 || len(got.Users[0].Ended) != 1 || got.Cursor <= start.Cursor {
			t.Errorf("got %+v", got)
		}
		here.do(call{method: "DELETE", path: "/users/me", token: eve.Token, body: `{"password":"123456"}`})
		all := poll("?after=" + start.Cursor)
		if len(all.Users) != 2 || all.Users[0].Version >= all.Users[1].Version || all.Users[1].Exists {
			t.Errorf("from the start: got %+v", all)
		}
		if rest := poll("?after=" + got.Cursor); len(rest.Users) != 1 || rest.Cursor != all.Cursor {
			t.Errorf("the rest: got %+v", rest)
		}
	})
}

func TestCursorOfAnotherDatabaseIsGone(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	if got := s.do(call{path: "/internal/changes?after=5", token: s.internal}); got.status != 410 {
		t.Errorf("got %d, want 410", got.status)
	}
	for _, bad := range []string{"after=x", "after=-1", "after=", "after=0&wait=soon", "after=0&wait=-1s"} {
		if got := s.do(call{path: "/internal/changes?" + bad, token: s.internal}); got.status != 422 {
			t.Errorf("%s: got %d", bad, got.status)
		}
	}
}

func TestForgottenDeletionMakesOlderCursorsGone(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada, eve := s.user(t, "ada"), s.user(t, "eve")
		s.do(call{method: "DELETE", path: "/users/me", token: ada.Token, body: `{"password":"123456"}`})
		s.do(call{method: "POST", path: "/logout", token: eve.Token})
		s.clock.advance(8 * 24 * time.Hour)
		if err := s.accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for after, want := range map[string]int{"0": 410, "1": 200, "2": 200} {
			if got := s.do(call{path: "/internal/changes?after=" + after, token: s.internal}); got.status != want {
				t.Errorf("after %s: got %d, want %d", after, got.status, want)
			}
		}
		if got := fetch[record](t, s, call{path: "/internal/users/2", token: s.internal}, 200); got.Version != 2 || len(got.Ended) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAGatewayLearnsWhetherASessionIsKnown(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada, eve := s.user(t, "ada"), s.user(t, "eve")
		ended := s.signIn(t, "ada", "123456")
		s.do(call{method: "POST", path: "/logout", token: ended.Token})
		sessionOf := func(tokens signedIn) string { return must(s.verifier.Verify(tokens.Token))(t).SessionID }
		for name, look := range map[string]struct{ query, want string }{
			"a session":                      {"session=" + sessionOf(ada) + "&token=x", "true"},
			"one that has ended, as it says": {"session=" + sessionOf(ended), "true"},
			"one of somebody else":           {"session=" + sessionOf(eve), "false"},
			"one that never was":             {"session=" + unknownSession(1), "false"},
			"what cannot be one":             {"session=session-1", "false"},
			"an empty one":                   {"session=", "false"},
			"no question":                    {"", "absent"},
		} {
			got := fetch[struct {
				Known *bool `json:"session_known"`
			}](t, s, call{path: "/internal/users/1?" + look.query, token: s.internal}, 200)
			text := "absent"
			if got.Known != nil {
				text = fmt.Sprint(*got.Known)
			}
			if text != look.want {
				t.Errorf("%s: got %s, want %s", name, text, look.want)
			}
		}
	})
}

func TestFeedSaysAtOnceThatAnEpochHasBegun(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		poll := func(query string) changes {
			return fetch[changes](t, s, call{path: "/internal/changes" + query, token: s.internal}, 200)
		}
		start := poll("")
		if again := poll("?after=" + start.Cursor + "&wait=0s"); again.Epoch != start.Epoch || start.Epoch == "" {
			t.Errorf("got the epochs %q and %q", start.Epoch, again.Epoch)
		}
		waiting := make(chan changes, 1)
		go func() { waiting <- poll("?after=" + start.Cursor + "&wait=25s") }()
		begun := time.Now()
		newService(t, options{url: url}) // another replica starts
		got := <-waiting
		if took := time.Since(begun); got.Epoch == start.Epoch || got.Cursor != start.Cursor || took > 20*time.Second {
			t.Errorf("got %+v after %s", got, took)
		}
	})
}
