package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/kit/ticket"
)

// sealed is a ticket as auth-service makes it, under this INTERNAL_SECRET.
func sealed(t *testing.T, secret, path string) string {
	t.Helper()
	keys, err := ticket.NewKeys([]string{secret})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := keys.Seal(ticket.Ticket{ExpiresAt: time.Now().Add(ticket.Life), Path: path, Token: params().Token()})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestATicketIsGoodOnceAtEachGatewayAndNeverShown(t *testing.T) {
	t.Parallel()
	upstream := serverAt(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.RequestURI+" user "+r.Header.Get("X-User-Id")+" "+r.Header.Get("Authorization"))
	})
	vars := map[string]string{"MATH_URL": upstream, "LOG_LEVEL": "debug"}
	one, other := start(t, vars), start(t, vars)
	raw := sealed(t, testInternalSecret, "/root")
	for _, g := range []*running{one, other} {
		status, body := g.get(t, "/root?n=2&ticket="+raw+"&number=3")
		// math-service verifies the token again.
		if status != 200 || !strings.HasPrefix(body, "/root?n=2&number=3 user 7 Bearer eyJ") {
			t.Errorf("got %d %s", status, body)
		}
		for _, path := range []string{"/root?ticket=" + raw, "/root?ticket=" + sealed(t, testInternalSecret, "/other"), "/root?ticket=" + sealed(t, testSecret, "")} {
			if status, body := g.get(t, path); status != 401 || body != `{"message":"Token is not valid"}` {
				t.Errorf("got %d %s, want 401", status, body)
			}
		}
		for _, path := range []string{"/users/me", "/users/me/usage", "/users/me/limits", "/users/me/sessions", "/admin/users", "/admin/usage"} {
			if status, _ := g.get(t, path+"?ticket="+sealed(t, testInternalSecret, "")); status != 401 {
				t.Errorf("%s: got %d, want 401", path, status)
			}
		}
		if log := g.log.String(); strings.Contains(log, ticket.Prefix) || strings.Contains(log, "eyJ") {
			t.Errorf("a ticket is in the log:\n%s", log)
		}
	}
}

func TestTicketsFollowTheInternalSecret(t *testing.T) {
	t.Parallel()
	const next = "6f1ed002ab5595859014ebf0951522d9c5f3a1b0"
	file := filepath.Join(t.TempDir(), "internal")
	write(t, file, testInternalSecret)
	g := start(t, map[string]string{"INTERNAL_SECRET": "", "INTERNAL_SECRET_FILE": file})
	passes := func(secret string) bool {
		status, _ := g.get(t, "/root?ticket="+sealed(t, secret, ""))
		return status == 200
	}
	if !passes(testInternalSecret) || passes(next) {
		t.Error("before: the wrong secret opens tickets")
	}
	reloaded := func(times int) func() bool {
		return func() bool { return strings.Count(g.log.String(), "INTERNAL_SECRET reloaded") == times }
	}
	write(t, file, testInternalSecret+","+next)
	until(t, "the next secret beside the old one", reloaded(1))
	if !passes(testInternalSecret) || !passes(next) {
		t.Error("both secrets should open tickets")
	}
	write(t, file, next)
	until(t, "the next secret alone", reloaded(2))
	if passes(testInternalSecret) || !passes(next) {
		t.Error("only the next secret should open tickets")
	}
}
