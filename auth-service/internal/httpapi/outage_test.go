package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/store/pgtest"
)

func TestOutageOfTheDatabaseIs503AndNever401(t *testing.T) {
	t.Parallel()
	own := pgtest.Start(t)
	s := newService(t, options{url: own.NewDatabase(t.Context(), t)})
	ada := s.user(t, "ada")
	api := internalAPI(t)
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	calls := []call{
		{method: "POST", path: "/users/register", body: credentials("eve", "123456")},
		{method: "POST", path: "/token", body: credentials("ada", "123456")},
		{method: "POST", path: "/token", body: credentials("ada", "wrong")},
		{method: "POST", path: "/token/refresh", body: `{"refresh_token":"` + ada.RefreshToken + `"}`},
		{path: "/users/me", token: ada.Token},
		{path: "/users/me/sessions", token: ada.Token},
		{method: "POST", path: "/logout", token: ada.Token},
		{method: "GET", path: "/internal/users/1", token: s.internal},
		{method: "GET", path: "/internal/changes", token: s.internal},
		{method: "GET", path: "/internal/changes?after=0&wait=25s", token: s.internal},
		{method: "POST", path: "/internal/keys", token: s.internal, body: with(api.RequestExample("openKey"), nil)},
		{method: "POST", path: "/internal/usage", token: s.internal, body: with(api.RequestExample("addUsage"), nil)},
		{method: "PUT", path: "/internal/usage", token: s.internal, body: with(api.RequestExample("addUsageInUnits"), nil)},
		{method: "POST", path: "/internal/quota/leases", token: s.internal, body: with(api.RequestExample("leaseCalls"), nil)},
		{method: "DELETE", path: "/internal/quota/leases/g", token: s.internal},
		{path: "/readyz"},
	}
	start := time.Now()
	for _, c := range calls {
		got := s.do(c)
		if got.status != 503 || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, `"message":`) ||
			strings.Contains(got.body, "sql") || strings.Contains(got.body, "connect") {
			t.Errorf("%s %s: got %d %v %s", c.method, c.path, got.status, got.header, got.body)
		}
		if strings.HasPrefix(c.path, "/internal/") {
			checkInternal(t, api, c, got)
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the responses took %v", took)
	}
	if got := s.do(call{path: "/livez"}); got.status != 200 {
		t.Errorf("/livez: got %d", got.status)
	}
	if err := own.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	for tries := 0; s.do(call{path: "/users/me", token: ada.Token}).status != 200; tries++ {
		if tries == 20 {
			t.Fatal("it does not recover")
		}
	}
	if got := s.refresh(ada); got.status != 200 {
		t.Errorf("refresh after the outage: got %d %s", got.status, got.body)
	}
}

func TestFeedReportsAnOutageToThoseWhoWait(t *testing.T) {
	t.Parallel()
	own := pgtest.Start(t)
	s := newService(t, options{url: own.NewDatabase(t.Context(), t)})
	waiting := make(chan response, 1)
	go func() { waiting <- s.do(call{path: "/internal/changes?after=0&wait=25s", token: s.internal}) }()
	if err := own.Kill(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if got := <-waiting; got.status != 503 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the response took %v", took)
	}
}
