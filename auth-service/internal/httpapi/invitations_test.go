package httpapi_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/routers/legacy"
)

type madeInvitation struct {
	ID        string    `json:"invitation_id"`
	Token     string    `json:"invitation"`
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at"`
	Username  *string
	Plan      string
	Roles     []string
}

// invitation makes one, as an administrator.
func (s *service) invitation(t testing.TB, root signedIn, body string) madeInvitation {
	t.Helper()
	return fetch[madeInvitation](t, s, call{method: "POST", path: "/admin/invitations", token: root.Token, body: body}, 201)
}

type listedInvitation struct {
	madeInvitation
	State             string
	CreatedBy         *int64     `json:"created_by"`
	CreatedByUsername string     `json:"created_by_username"`
	UsedAt            *time.Time `json:"used_at"`
	UsedBy            *int64     `json:"used_by"`
	UsedByUsername    string     `json:"used_by_username"`
	WithdrawnAt       *time.Time `json:"withdrawn_at"`
}

type invitationPage struct {
	Invitations []listedInvitation
	Next        *string `json:"next_cursor"`
}

// invitations reads all of them, two on a page.
func (s *service) invitations(t testing.TB, root signedIn) (all []listedInvitation) {
	t.Helper()
	for cursor := ""; ; {
		page := fetch[invitationPage](t, s, call{path: "/admin/invitations?limit=2&cursor=" + cursor, token: root.Token}, 200)
		all = append(all, page.Invitations...)
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

func TestAnInvitationIsShownOnce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, link: "https://example.com/gate"})
		root := s.root(t)
		got := s.do(call{method: "POST", path: "/admin/invitations", token: root.Token, body: `{"username":"Ada","roles":["b","a"],"expires_in":60}`})
		made := read[madeInvitation](t, got)
		if got.status != 201 || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %d %v", got.status, got.header)
		}
		if !regexp.MustCompile(`^tgi_[\w-]{43}$`).MatchString(made.Token) || made.Link != "https://example.com/gate/#invitation="+made.Token ||
			!made.ExpiresAt.Equal(s.clock.Now().Add(time.Minute)) || *made.Username != "ada" || made.Plan != "default" || fmt.Sprint(made.Roles) != "[a b]" {
			t.Errorf("got %s", got.body)
		}
		list := s.do(call{path: "/admin/invitations", token: root.Token})
		if strings.Contains(list.body, "tgi_") || !strings.Contains(list.body, `"invitation_id":"`+made.ID+`"`) {
			t.Errorf("got %s", list.body)
		}
		other := s.invitation(t, root, "")
		if other.Token == made.Token || other.ID == made.ID || !other.ExpiresAt.Equal(s.clock.Now().Add(7*24*time.Hour)) || other.Username != nil {
			t.Errorf("got %+v after %+v", other, made)
		}
	})
	if got := newService(t, options{}); got.invitation(t, got.root(t), `{}`).Link != "" {
		t.Error("there is a link to nowhere")
	}
}

func TestInvitationsAreListedTheNewestFirst(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		var want []string
		for i := range 7 {
			want = append(want, s.invitation(t, root, `{}`).ID)
			if i == 3 {
				s.clock.advance(time.Second) // the others were made at one moment, in which the ids decide
			}
		}
		var got []string
		for _, one := range s.invitations(t, root) {
			got = append(got, one.ID)
		}
		slices.Sort(want[:4])
		slices.Sort(want[4:])
		newer, older := slices.Sorted(slices.Values(got[:3])), slices.Sorted(slices.Values(got[3:]))
		if fmt.Sprint(older) != fmt.Sprint(want[:4]) || fmt.Sprint(newer) != fmt.Sprint(want[4:]) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, cursor := range []string{"MQ", "MSB4", "LTEgMQ", "OTIyMzM3MjAzNjg1NDc3NTgwNyA5MjIzMzcyMDM2ODU0Nzc1ODA3", "OTIyMzM3MjAzNjg1NDc3NTgwOCAx", "IA"} {
			if got := s.do(call{path: "/admin/invitations?cursor=" + cursor, token: root.Token}); got.status != 200 && got.status != 422 {
				t.Errorf("%s: got %d %s", cursor, got.status, got.body)
			}
		}
	})
}

func TestAnInvitationIsWithdrawnOnce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		open, used, expired := s.invitation(t, root, `{}`), s.invitation(t, root, `{"roles":["b","a"]}`), s.invitation(t, root, `{"expires_in":1}`)
		s.wantRegistered(t, "ada", used.Token, 201)
		s.clock.advance(time.Second)
		states := map[string]string{}
		for _, one := range s.invitations(t, root) {
			states[one.ID] = one.State
		}
		if states[open.ID] != "open" || states[used.ID] != "used" || states[expired.ID] != "expired" {
			t.Errorf("got %v", states)
		}
		for _, step := range []struct {
			id     string
			status int
			slug   string
		}{
			{open.ID, 204, ""},
			{open.ID, 404, "no-such-invitation"},
			{expired.ID, 204, ""},
			{used.ID, 409, "invitation-used"},
			{"1", 404, "no-such-invitation"},
			{"0" + used.ID, 404, "no-such-invitation"},
			{"99999999999999999999", 404, "no-such-invitation"},
			{"-1", 404, "no-such-invitation"},
			{"%00", 404, "no-such-invitation"},
		} {
			got := s.do(call{method: "DELETE", path: "/admin/invitations/" + step.id, token: root.Token})
			if got.status != step.status || !strings.Contains(got.body, step.slug) {
				t.Errorf("%s: got %d %s, want %d %s", step.id, got.status, got.body, step.status, step.slug)
			}
		}
		if got := s.invitations(t, root); got[len(got)-1].State == "open" {
			t.Errorf("got %+v", got)
		}
		want := []string{
			"root@192.0.2.1 withdraw  invitation=" + expired.ID, "root@192.0.2.1 withdraw  invitation=" + open.ID,
			"root@192.0.2.1 invite  invitation=" + expired.ID, "root@192.0.2.1 invite  invitation=" + used.ID + " roles=a,b",
			"root@192.0.2.1 invite  invitation=" + open.ID, "command line@ create root role=admin",
		}
		if got := auditLog(t, s, root); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// TestTheNameOfSomebodyWhoIsGoneIsInNoInvitation: neither as the one who was invited nor as the one who registered.
func TestTheNameOfSomebodyWhoIsGoneIsInNoInvitation(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		made := s.invitation(t, root, `{"username":"adalovelace"}`)
		s.wantRegistered(t, "adalovelace", made.Token, 201)
		id := *s.invitations(t, root)[0].UsedBy
		fetch[struct{}](t, s, call{method: "DELETE", path: fmt.Sprint("/admin/users/", id), token: root.Token}, 204)
		list := s.do(call{path: "/admin/invitations", token: root.Token})
		if strings.Contains(list.body, "adalovelace") || !strings.Contains(list.body, fmt.Sprintf(`"used_by":%d`, id)) {
			t.Errorf("got %s", list.body)
		}
	})
}

func TestInvitationsAreForAdministratorsAndReadStrictly(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root, ada := s.root(t), s.user(t, "ada")
	for _, c := range []call{
		{path: "/admin/invitations"}, {method: "POST", path: "/admin/invitations", body: `{}`}, {method: "DELETE", path: "/admin/invitations/1"},
	} {
		wantRefused(t, s.do(c))
		c.token = ada.Token
		if got := s.do(c); got.status != 403 || !strings.Contains(got.body, "not-admin") {
			t.Errorf("%+v: got %d %s", c, got.status, got.body)
		}
	}
	long := strings.Repeat("x", 65)
	for body, want := range map[string]string{
		`{"plan":""}`: "422 invalid-plan", `{"plan":"Pro"}`: "422 invalid-plan", `{"plan":1}`: "422 wrong-type", `{"plan":"no-such"}`: "422 invalid-plan",
		`{"roles":"a"}`: "422 invalid-roles", `{"roles":["admin"]}`: "422 invalid-roles", `{"roles":["user"]}`: "422 invalid-roles",
		`{"roles":["` + long + `"]}`: "422 invalid-roles", `{"roles":[1]}`: "422 invalid-roles", `{"roles":[null]}`: "422 invalid-roles",
		`{"username":""}`: "422 invalid-username", `{"username":"a b"}`: "422 invalid-username", `{"username":3}`: "422 wrong-type",
		`{"expires_in":0}`: "422 invalid-expires_in", `{"expires_in":-5}`: "422 invalid-expires_in", `{"expires_in":7776001}`: "422 invalid-expires_in",
		`{"expires_in":9223372036854775807}`: "422 invalid-expires_in", `{"expires_in":9223372036854775808}`: "422 wrong-type",
		`{"expires_in":1.5}`: "422 wrong-type", `{"expires_in":"1h"}`: "422 wrong-type", `{"role":"admin"}`: "422 unknown-member",
		`[]`: "400 not-an-object", `{`: "400 malformed-json", `{"plan":null,"plan":null}`: "400 duplicate-member",
		`{"expires_in":7776000,"plan":"default","roles":[],"username":null}`: "201 ", `{"plan":null,"roles":null,"expires_in":null}`: "201 ",
	} {
		got := s.do(call{method: "POST", path: "/admin/invitations", token: root.Token, body: body})
		status, slug, _ := strings.Cut(want, " ")
		if fmt.Sprint(got.status) != status || slug != "" && !strings.Contains(got.body, "/problems/"+slug+`"`) {
			t.Errorf("%s: got %d %s, want %s", body, got.status, got.body, want)
		}
	}
	if got := s.do(call{method: "PUT", path: "/admin/invitations", token: root.Token}); got.status != 405 {
		t.Errorf("PUT: got %d", got.status)
	}
}

func TestResponsesAboutInvitationsAreAsDescribed(t *testing.T) {
	t.Parallel()
	router := must(legacy.NewRouter(description(t)))(t)
	s := newService(t, options{link: "https://example.com"})
	root, ada := s.root(t), s.user(t, "ada")
	invited, unused := s.invitation(t, root, `{}`), s.invitation(t, root, `{}`)
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{method: "POST", path: "/admin/invitations", body: `{"username":"Eva","plan":"default","roles":["a"],"expires_in":60}`}, 201},
		{call{method: "POST", path: "/admin/invitations"}, 201},
		{call{method: "POST", path: "/admin/invitations", body: `{"expires_in":0}`}, 422},
		{call{method: "POST", path: "/admin/invitations", token: ada.Token}, 403},
		{call{method: "POST", path: "/users/register", body: application("fay", &invited.Token)}, 201},
		{call{method: "POST", path: "/users/register", body: application("fay", &unused.Token)}, 200},
		{call{method: "POST", path: "/users/register", body: application("gus", &invited.Token)}, 403},
		{call{path: "/admin/invitations"}, 200},
		{call{path: "/admin/invitations?limit=1"}, 200},
		{call{path: "/admin/invitations?limit=%zz"}, 400},
		{call{path: "/admin/invitations?cursor=x"}, 422},
		{call{method: "DELETE", path: "/admin/invitations/" + unused.ID}, 204},
		{call{method: "DELETE", path: "/admin/invitations/" + unused.ID}, 404},
		{call{method: "DELETE", path: "/admin/invitations/" + invited.ID}, 409},
		{call{path: "/admin/invitations"}, 200},
		{call{path: "/admin/audit"}, 200},
	} {
		if step.call.token == "" && step.call.path != "/users/register" {
			step.call.token = root.Token
		}
		got := s.do(step.call)
		if got.status != step.status {
			t.Errorf("%s %s: got %d %s, want %d", step.call.method, step.call.path, got.status, got.body, step.status)
			continue
		}
		if err := validate(router, step.call, got); err != nil {
			t.Errorf("%s %s: %d %s: %v", step.call.method, step.call.path, got.status, got.body, err)
		}
	}
}
