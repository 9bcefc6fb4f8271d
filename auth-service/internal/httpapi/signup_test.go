package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
)

// application is the body of a registration with the password 123456. invitation is nil for none.
func application(name string, invitation *string) string {
	body := map[string]any{"username": name, "password": "123456"}
	if invitation != nil {
		body["invitation"] = *invitation
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (s *service) registerWith(name string, invitation *string) response {
	return s.do(call{method: "POST", path: "/users/register", body: application(name, invitation)})
}

// wantRegistered registers with an invitation, wants the status, and the body that existing clients know if it is a success.
func (s *service) wantRegistered(t *testing.T, name, invitation string, status int) {
	t.Helper()
	got := s.registerWith(name, &invitation)
	want := map[int]string{
		200: `{"message":"User already exists","user_id":`, 201: `{"message":"User created successfully","user_id":`,
		403: `{"type":"/problems/invitation-not-valid",`,
	}[status]
	if got.status != status || !strings.HasPrefix(got.body, want) {
		t.Errorf("%s: got %d %s, want %d %s…", name, got.status, got.body, status, want)
	}
}

// withoutID is a response whose bytes can be compared.
func withoutID(r response) string {
	r.header.Del("X-Request-Id")
	return fmt.Sprintf("%d %v %s", r.status, r.header, r.body)
}

func TestClosedRegistrationSaysNothingAboutNames(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		open := newService(t, options{url: url})
		open.register(t, "ada", "123456")
		good := open.invitation(t, open.root(t), `{}`).Token
		s := newService(t, options{url: url, signUp: account.SignUpClosed})
		want := withoutID(s.registerWith("nobody", nil))
		if !strings.HasPrefix(want, "403 ") || !strings.Contains(want, `"type":"/problems/registration-closed"`) {
			t.Fatalf("got %s", want)
		}
		for _, name := range []string{"ada", "Ada", "nobody", "no body", ""} {
			for _, invitation := range []*string{nil, &good, new("x")} {
				if got := withoutID(s.registerWith(name, invitation)); got != want {
					t.Errorf("%q: got %s, want %s", name, got, want)
				}
			}
		}
		for want, c := range map[int]call{
			400: {body: `{"username":"ada"`}, 413: {body: `{"username":"` + strings.Repeat("x", 70_000) + `"}`},
			415: {body: credentials("ada", "x"), header: http.Header{"Content-Type": {"text/plain"}}},
			422: {body: `{"username":"ada","password":"x","age":3}`},
		} {
			c.method, c.path = "POST", "/users/register"
			if got := s.do(c); got.status != want {
				t.Errorf("got %d %s, want %d", got.status, got.body, want)
			}
		}
		if !s.works(s.signIn(t, "ada", "123456").Token) {
			t.Error("users cannot sign in any more")
		}
	})
}

func TestNobodyRegistersWithoutAnInvitationThatIsGood(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		clock := newClock()
		open := newService(t, options{url: url, clock: clock})
		open.register(t, "ada", "123456")
		root := open.root(t)
		expired := open.invitation(t, root, `{"expires_in":1}`)
		forEve := open.invitation(t, root, `{"username":"Eve"}`)
		used, withdrawn := open.invitation(t, root, `{}`), open.invitation(t, root, `{}`)
		open.wantRegistered(t, "bob", used.Token, 201)
		fetch[struct{}](t, open, call{method: "DELETE", path: "/admin/invitations/" + withdrawn.ID, token: root.Token}, 204)
		clock.advance(time.Second)

		for _, mode := range []account.SignUp{account.SignUpInvite, account.SignUpOpen} {
			s := newService(t, options{url: url, clock: clock, signUp: mode})
			want := withoutID(s.registerWith("nobody", new("x")))
			if !strings.HasPrefix(want, "403 ") || !strings.Contains(want, `"type":"/problems/invitation-not-valid"`) {
				t.Fatalf("got %s", want)
			}
			bad := map[string]*string{
				"empty": new(""), "of another form": new("x"), "the prefix": new("tgi_"), "unknown": new("tgi_" + strings.Repeat("A", 43)),
				"with a space": new(forEve.Token + " "), "in capitals": new(strings.ToUpper(forEve.Token)),
				"expired": &expired.Token, "of another name": &forEve.Token, "used": &used.Token, "withdrawn": &withdrawn.Token,
			}
			if mode == account.SignUpInvite {
				bad["none"] = nil
			}
			for what, invitation := range bad {
				for _, name := range []string{"ada", "bob", "free"} {
					if got := withoutID(s.registerWith(name, invitation)); got != want {
						t.Errorf("%s, %s, %s: got %s, want %s", mode, what, name, got, want)
					}
				}
			}
		}
		s := newService(t, options{url: url, clock: clock, signUp: account.SignUpInvite})
		s.wantRegistered(t, "EVE", forEve.Token, 201)
	})
}

func TestAnInvitationIsGoodUntilSomebodyIsMadeWithIt(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, signUp: account.SignUpInvite})
		root := s.root(t)
		made := s.invitation(t, root, `{"plan":null,"roles":["writer","analyst","writer"]}`)
		s.wantRegistered(t, "root", made.Token, 200)
		if got := s.registerWith("b ob", &made.Token); got.status != 422 {
			t.Errorf("a name that is none: got %d %s", got.status, got.body)
		}
		if got := s.invitations(t, root)[0]; got.State != "open" || got.UsedBy != nil {
			t.Errorf("got %+v", got)
		}
		s.wantRegistered(t, "ada", made.Token, 201)
		s.wantRegistered(t, "ada", made.Token, 403)
		s.wantRegistered(t, "bob", made.Token, 403)
		got := s.invitations(t, root)[0]
		if got.State != "used" || got.UsedBy == nil || got.UsedByUsername != "ada" || got.CreatedByUsername != "root" || got.UsedAt == nil {
			t.Errorf("got %+v", got)
		}
		me := fetch[plannedUser](t, s, call{path: "/users/me", token: s.signIn(t, "ada", "123456").Token}, 200)
		if me.String() != "default analyst,writer" {
			t.Errorf("got %+v", me)
		}
	})
}

func TestWhoeverRegistersOpenlyMayHaveAnInvitation(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	made := s.invitation(t, root, `{"roles":["analyst"]}`)
	for _, step := range []struct{ body, want string }{
		{credentials("eligijus", "123456"), `{"message":"User created successfully","user_id":2}`},
		{`{"username":"eligijus","password":"x","invitation":null}`, `{"message":"User already exists","user_id":2}`},
		{application("eligijus", &made.Token), `{"message":"User already exists","user_id":2}`},
	} {
		if got := s.do(call{method: "POST", path: "/users/register", body: step.body}); got.body != step.want {
			t.Errorf("%s: got %s, want %s", step.body, got.body, step.want)
		}
	}
	s.wantRegistered(t, "ada", made.Token, 201)
	s.wantRegistered(t, "bob", made.Token, 403)
}

// TestOneInvitationMakesOneUser: fifty clients use one invitation at once, at two replicas.
func TestOneInvitationMakesOneUser(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		replicas := []*service{newService(t, options{url: url, signUp: account.SignUpInvite}), newService(t, options{url: url, signUp: account.SignUpInvite})}
		root := replicas[0].root(t)
		for what, name := range map[string]func(i int) string{
			"fifty names": func(i int) string { return fmt.Sprint("user", i) }, "one name": func(int) string { return "ada" },
		} {
			made := replicas[0].invitation(t, root, `{}`)
			before := len(fetch[userPage](t, replicas[0], call{path: "/admin/users", token: root.Token}, 200).Users)
			var mu sync.Mutex
			count := map[int]int{}
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					got := replicas[i%2].registerWith(name(i), &made.Token)
					mu.Lock()
					defer mu.Unlock()
					count[got.status]++
				})
			}
			all.Wait()
			after := len(fetch[userPage](t, replicas[0], call{path: "/admin/users", token: root.Token}, 200).Users)
			if count[201] != 1 || count[403] != 49 || after != before+1 {
				t.Errorf("%s: got the statuses %v and %d new users, want one 201, 49 403 and one user", what, count, after-before)
			}
		}
	})
}
