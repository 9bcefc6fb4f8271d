package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
)

// audited makes entries: one of the command line, then a minute later each what root does to ada, to a plan, to bob, who is gone then, and to nobody.
func audited(t *testing.T, s *service) (root signedIn) {
	t.Helper()
	root = s.root(t)
	s.register(t, "ada", "123456")
	s.register(t, "bob", "123456")
	for _, step := range []call{
		{method: "PATCH", path: "/admin/users/2", body: `{"monthly_quota":50000}`},
		{method: "PUT", path: "/admin/plans/ada", body: `{"requests_per_month":10}`},
		{method: "PATCH", path: "/admin/users/2", body: `{"monthly_quota":100000,"plan":"ada"}`},
		{method: "PATCH", path: "/admin/users/3", body: `{"role":"admin"}`},
		{method: "DELETE", path: "/admin/users/3"},
		{method: "POST", path: "/admin/invitations", body: `{}`},
	} {
		s.clock.advance(time.Minute)
		step.token = root.Token
		if got := s.do(step); got.status >= 300 {
			t.Fatalf("%+v: got %d %s", step, got.status, got.body)
		}
	}
	return root
}

// TestAuditFilters: names, ids and the command line, actions and times; who is gone is found by id.
func TestAuditFilters(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, dbURL string) {
		s := newService(t, options{url: dbURL})
		root := audited(t, s)
		at := func(minutes int) string {
			return url.QueryEscape(s.clock.Now().Add(time.Duration(minutes-6) * time.Minute).Format(time.RFC3339))
		}
		for query, want := range map[string]string{
			"":                                       "7 6 5 4 3 2 1",
			"actor=Root":                             "7 6 5 4 3 2",
			"actor=1":                                "7 6 5 4 3 2",
			"actor=command+line":                     "1",
			"actor=nobody":                           "",
			"actor=9223372036854775807":              "",
			"target=3":                               "6 5",
			"target=bob":                             "",  // the name was erased
			"target=Root":                            "1", // not the invitation, which has no target
			"target=ada":                             "4 3 2",
			"target=2":                               "4 2",
			"target=default":                         "",
			"action=edit":                            "5 4 2",
			"action=edit&target=ada":                 "4 2",
			"action=delete+plan":                     "",
			"from=" + at(3):                          "7 6 5 4",
			"to=" + at(3):                            "3 2 1",
			"from=" + at(2) + "&to=" + at(4):         "4 3",
			"from=2030-01-01":                        "",
			"actor=root&target=&format=json&limit=2": "7 6",
		} {
			page := fetch[struct{ Entries []struct{ ID int } }](t, s, call{path: "/admin/audit?" + query, token: root.Token}, 200)
			var ids []string
			for _, e := range page.Entries {
				ids = append(ids, fmt.Sprint(e.ID))
			}
			if got := strings.Join(ids, " "); got != want {
				t.Errorf("%s: got %q, want %q", query, got, want)
			}
		}
		page := fetch[auditPage](t, s, call{path: "/admin/audit?actor=root&action=edit&limit=2", token: root.Token}, 200)
		page = fetch[auditPage](t, s, call{path: "/admin/audit?actor=root&action=edit&limit=2&cursor=" + *page.Next, token: root.Token}, 200)
		if len(page.Entries) != 1 || page.Entries[0].Detail != "monthly_quota=50000" || page.Next != nil {
			t.Errorf("the second page has %+v", page)
		}
	})
}

func TestAuditRefusesWrongFilters(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, dbURL string) {
		s := newService(t, options{url: dbURL})
		root := s.root(t)
		for query, want := range map[string]string{
			"actor=a+b": "actor", "actor=a&actor=b": "actor", "actor=%00": "actor", "actor=%ff": "actor",
			"actor=" + strings.Repeat("a", 129): "actor", "target=a+b": "target", "target=command+line": "target", "target=%00": "target",
			"action=dance": "action", "action=EDIT": "action", "action=edit&action=edit": "action", "action=%00": "action",
			"from=yesterday": "from", "from=1969-01-01": "from", "to=9999-01-01": "to", "to=2026-11-24T00:00": "to",
			"from=2026-11-24&to=2026-11-24": "to", "format=xml": "format", "format=csv&limit=0": "limit", "format=csv&action=dance": "action",
			"cursor=AA": "cursor",
		} {
			got := s.do(call{path: "/admin/audit?" + query, token: root.Token})
			if got.status != 422 || !strings.Contains(got.body, "invalid-"+want+`"`) {
				t.Errorf("%s: got %d %s, want invalid-%s", query, got.status, got.body, want)
			}
		}
	})
}

// TestAuditAsCSV: all entries whatever the limit, more than one reads at once, and no cell that a spreadsheet would run.
func TestAuditAsCSV(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, dbURL string) {
		s := newService(t, options{url: dbURL})
		root := s.root(t)
		by := account.Actor{Name: "command line"}
		ada, err := s.accounts.CreateAdmin(t.Context(), by, account.Credentials{Name: "=cmd|x", Password: "123456"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range account.MaxPage {
			limit := int64(i)
			if _, err := s.accounts.EditUser(t.Context(), by, ada.ID, account.Edit{Quota: &account.Quota{Limit: &limit}}, nil); err != nil {
				t.Fatal(err)
			}
		}
		got := s.do(call{path: "/admin/audit?format=csv&limit=1&action=edit", token: root.Token})
		lines := strings.Split(strings.TrimSuffix(got.body, "\r\n"), "\r\n")
		if got.status != 200 || len(lines) != 1+account.MaxPage || got.header.Get("Content-Disposition") != `attachment; filename="audit.csv"` {
			t.Fatalf("got %d, %d lines, %v", got.status, len(lines), got.header)
		}
		if want := "id,at,actor_id,actor,address,action,target_id,target_username,detail"; lines[0] != want {
			t.Errorf("got %s, want %s", lines[0], want)
		}
		want := fmt.Sprintf("1002,%s,,command line,,edit,2,'=cmd|x,monthly_quota=999", s.clock.Now().Format(time.RFC3339Nano))
		if lines[1] != want {
			t.Errorf("got %s, want %s", lines[1], want)
		}
		if got := s.do(call{path: "/admin/audit?format=csv&actor=nobody", token: root.Token}); got.status != 200 || strings.Count(got.body, "\n") != 1 {
			t.Errorf("without entries: got %d %s", got.status, got.body)
		}
	})
}

// TestAuditChanges: each value before and after, null where there is none, also of what is made or deleted.
func TestAuditChanges(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, dbURL string) {
		s := newService(t, options{url: dbURL})
		root := s.root(t)
		s.register(t, "ada", "123456")
		change := func(name, from, to string) string {
			return fmt.Sprintf(`{"name":%q,"from":%s,"to":%s}`, name, from, to)
		}
		const user, plan = "/admin/users/2", "/admin/plans/team"
		for _, step := range []struct{ method, path, body, want string }{
			{"PATCH", user, `{"monthly_quota":50000}`, change("monthly_quota", "null", `"50000"`)},
			{"PATCH", user, `{"monthly_quota":100000}`, change("monthly_quota", `"50000"`, `"100000"`)},
			{"PATCH", user, `{"monthly_quota":null,"role":"admin"}`, change("role", `"user"`, `"admin"`) + "," + change("monthly_quota", `"100000"`, "null")},
			{"PATCH", user, `{"roles":["b","a"]}`, change("roles", "null", `"a,b"`)},
			{"PATCH", user, `{"roles":[],"disabled":true}`, change("disabled", `"false"`, `"true"`) + "," + change("roles", `"a,b"`, "null")},
			{"PATCH", user, `{"must_change_password":true}`, change("must_change_password", `"false"`, `"true"`)},
			{"PUT", plan, `{"requests_per_month":7}`, change("requests_per_month", "null", `"7"`)},
			{
				"PUT", plan, `{"requests_per_month":7,"requests_per_day":0,"rates":[{"route":"*","rate":"5/s","burst":9}]}`,
				change("requests_per_day", "null", `"0"`) + "," + change("rates", "null", `"*:5/s:9"`),
			},
			{"PUT", plan, `{"requests_per_month":7,"requests_per_day":0,"rates":[{"route":"*","rate":"5/s","burst":9}]}`, ""},
			{"PUT", plan, `{"in_flight":3}`, change("requests_per_month", `"7"`, "null") + "," + change("requests_per_day", `"0"`, "null") + "," +
				change("rates", `"*:5/s:9"`, "null") + "," + change("in_flight", "null", `"3"`)},
			{"PATCH", user, `{"plan":"team"}`, change("plan", `"default"`, `"team"`)},
			{"PATCH", user, `{"monthly_quota":9,"roles":["c"]}`, change("monthly_quota", "null", `"9"`) + "," + change("roles", "null", `"c"`)},
			{"DELETE", user, "", change("role", `"admin"`, "null") + "," + change("plan", `"team"`, "null") + "," + change("disabled", `"true"`, "null") + "," +
				change("monthly_quota", `"9"`, "null") + "," + change("roles", `"c"`, "null") + "," + change("must_change_password", `"true"`, "null")},
			{"DELETE", plan, "", change("in_flight", `"3"`, "null")},
			{"POST", "/admin/users", `{"username":"bob"}`, change("role", "null", `"user"`) + "," + change("plan", "null", `"default"`)},
			{
				"POST", "/admin/users", `{"username":"eve","password":"s3cret-of-eve","role":"admin","monthly_quota":5}`,
				change("role", "null", `"admin"`) + "," + change("plan", "null", `"default"`) + "," + change("monthly_quota", "null", `"5"`) + "," +
					change("must_change_password", "null", `"true"`),
			},
		} {
			if got := s.do(call{method: step.method, path: step.path, body: step.body, token: root.Token}); got.status >= 300 {
				t.Fatalf("%s: got %d %s", step.body, got.status, got.body)
			}
			if got := s.do(call{path: "/admin/audit?limit=1", token: root.Token}).body; !strings.Contains(got, `"changes":[`+step.want+`]}`) {
				t.Errorf("%s %s: got %s, want %s", step.method, step.body, got, step.want)
			}
		}
	})
}
