package httpapi_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/routers/legacy"

	"tallygate/kit/ticket"
)

type ticketGiven struct {
	Ticket    string `json:"ticket"`
	ExpiresIn int    `json:"expires_in"`
}

// ticketKeys open what the service seals, as a gateway does.
func ticketKeys(t *testing.T) *ticket.Keys {
	t.Helper()
	return must(ticket.NewKeys([]string{internalSecret}))(t)
}

func TestATicketStandsForTheTokenThatItWasMadeFrom(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	for name, row := range map[string]struct{ body, path string }{
		"no body":         {"", ""},
		"an empty object": {"{}", ""},
		"path is null":    {`{"path":null}`, ""},
		"a path":          {`{"path":"/files/a%20b.png"}`, "/files/a%20b.png"},
		"the root":        {`{"path":"/"}`, "/"},
	} {
		got := s.do(call{method: "POST", path: "/token/ticket", token: "Bearer " + ada.Token, body: row.body})
		given := read[ticketGiven](t, got)
		if got.status != 200 || got.header.Get("Cache-Control") != "no-store" || given.ExpiresIn != 30 {
			t.Errorf("%s: got %d %s %v", name, got.status, got.body, got.header)
			continue
		}
		opened, err := ticketKeys(t).Open(given.Ticket, s.clock.Now())
		if err != nil || opened.Token != ada.Token || opened.Path != row.path || opened.ExpiresAt.Sub(s.clock.Now()) != ticket.Life {
			t.Errorf("%s: got %+v, %v", name, opened, err)
		}
	}
}

func TestATicketNeverOutlivesItsToken(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	s.clock.advance(time.Hour - 12500*time.Millisecond)
	given := fetch[ticketGiven](t, s, call{method: "POST", path: "/token/ticket", token: ada.Token}, 200)
	opened, err := ticketKeys(t).Open(given.Ticket, s.clock.Now())
	if err != nil || given.ExpiresIn != 12 || opened.ExpiresAt.Sub(s.clock.Now()) != 12500*time.Millisecond {
		t.Errorf("got %+v and %+v, %v", given, opened, err)
	}
}

func TestOnlyAValidTokenGetsATicket(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	given := fetch[ticketGiven](t, s, call{method: "POST", path: "/token/ticket", token: ada.Token}, 200)
	for name, authorization := range map[string]string{
		"nothing": "", "a refresh token": ada.RefreshToken, "a ticket": given.Ticket, "a ticket as a bearer": "Bearer " + given.Ticket,
		"an altered token": ada.Token[:len(ada.Token)-2] + "AA",
	} {
		got := s.do(call{method: "POST", path: "/token/ticket", token: authorization})
		if wantRefused(t, got); t.Failed() {
			t.Fatal(name)
		}
	}
	for _, path := range []string{"/users/me", "/users/me/usage", "/users/me/limits", "/users/me/sessions", "/admin/users"} {
		wantRefused(t, s.do(call{path: path, token: given.Ticket}))
		wantRefused(t, s.do(call{path: path + "?ticket=" + given.Ticket}))
	}
	s.do(call{method: "POST", path: "/logout", token: ada.Token})
	wantRefused(t, s.do(call{method: "POST", path: "/token/ticket", token: ada.Token}))
}

func TestARequestForATicketIsReadStrictly(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	for body, status := range map[string]int{
		`{`:                        400,
		`[]`:                       400,
		`{"path":"/a","path":"/"}`: 400,
		`{"path":1}`:               422,
		`{"path":""}`:              422,
		`{"path":"files"}`:         422,
		`{"path":"//evil/files"}`:  422,
		`{"path":"/files?a=1"}`:    422,
		`{"path":"/files#a"}`:      422,
		`{"path":"https://a/b"}`:   422,
		`{"url":"/files"}`:         422,
		`{"path":"/` + strings.Repeat("a", ticket.MaxPathBytes) + `"}`: 422,
	} {
		got := s.do(call{method: "POST", path: "/token/ticket", token: ada.Token, body: body})
		if got.status != status || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.60s: got %d %s, want %d", body, got.status, got.body, status)
		}
	}
	// A client that sends no body may say what type it has.
	for _, contentType := range []string{"", "application/json", "application/x-www-form-urlencoded"} {
		got := s.do(call{method: "POST", path: "/token/ticket", token: ada.Token, header: http.Header{"Content-Type": {contentType}}})
		if got.status != 200 {
			t.Errorf("%q without a body: got %d %s", contentType, got.status, got.body)
		}
	}
}

func TestResponsesAboutTicketsAreAsDescribed(t *testing.T) {
	t.Parallel()
	router := must(legacy.NewRouter(description(t)))(t)
	s := newService(t, options{})
	ada := s.user(t, "ada")
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{token: ada.Token}, 200},
		{call{token: ada.Token, body: "{}"}, 200},
		{call{token: ada.Token, body: `{"path":null}`}, 200},
		{call{token: ada.Token, body: `{"path":"/files/a"}`}, 200},
		{call{token: ada.Token, body: `{"path":"files"}`}, 422},
		{call{token: ada.Token, body: "{"}, 400},
		{call{token: ada.Token, body: "{}", header: http.Header{"Content-Type": {"text/plain"}}}, 415},
		{call{token: ada.Token, body: strings.Repeat(" ", 65<<10)}, 413},
		{call{}, 401},
	} {
		step.call.method, step.call.path = "POST", "/token/ticket"
		got := s.do(step.call)
		if err := validate(router, step.call, got); err != nil || got.status != step.status {
			t.Errorf("%.40q: got %d %s, want %d: %v", step.call.body, got.status, got.body, step.status, err)
		}
	}
}

func TestNoLogHasATicket(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newService(t, options{log: &log})
	ada := s.user(t, "ada")
	given := fetch[ticketGiven](t, s, call{method: "POST", path: "/token/ticket", token: ada.Token, body: `{"path":"/secret/place"}`}, 200)
	s.do(call{path: "/users/me?ticket=" + given.Ticket})
	s.do(call{path: "/users/me", token: given.Ticket})
	for _, hidden := range []string{given.Ticket, ticket.Prefix, ada.Token, "/secret"} {
		if strings.Contains(log.String(), hidden) {
			t.Errorf("the log has %s:\n%s", hidden, log.String())
		}
	}
}
