package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// withoutTimes is a plan as text, without the times.
func withoutTimes(t *testing.T, body string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	delete(members, "created_at")
	delete(members, "updated_at")
	return string(must(json.Marshal(members))(t))
}

func TestPlansAreMadeReplacedAndDeleted(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		quota := int64(70)
		s := newService(t, options{url: url, quota: &quota})
		root := s.root(t)
		s.register(t, "ada", "123456")
		const empty = `"in_flight":null,"name":"pro","rates":[],"requests_per_day":null,"requests_per_month":null`
		for _, step := range []struct {
			method, path, body string
			status             int
			want               string
		}{
			{"GET", "default", "", 200, `{"in_flight":null,"name":"default","rates":[],"requests_per_day":null,"requests_per_month":70}`},
			{"GET", "pro", "", 404, "no-such-plan"},
			{"GET", "Pro!", "", 404, "no-such-plan"},
			{"DELETE", "pro", "", 404, "no-such-plan"},
			{"DELETE", "default", "", 409, "default-plan"},
			{"PUT", "pro", `{}`, 201, "{" + empty + "}"},
			{
				"PUT", "pro", `{"requests_per_month":100000,"requests_per_day":0,"in_flight":5,` +
					`"rates":[{"route":"*","rate":"10 / s","burst":20},{"route":"root","rate":"60/m","burst":null}]}`, 200,
				`{"in_flight":5,"name":"pro","rates":[{"burst":20,"rate":"10/s","route":"*"},{"burst":60,"rate":"60/m","route":"root"}],` +
					`"requests_per_day":0,"requests_per_month":100000}`,
			},
			{"PUT", "pro", `{"requests_per_month":null,"rates":null,"in_flight":null,"requests_per_day":null}`, 200, "{" + empty + "}"},
			{"GET", "pro", "", 200, "{" + empty + "}"},
			{"PATCH", "", `{"plan":"pro"}`, 200, ""},
			{"DELETE", "pro", "", 409, "plan-in-use"},
			{"PATCH", "", `{"plan":null}`, 200, ""},
			{"DELETE", "pro", "", 204, ""},
			{"DELETE", "pro", "", 404, "no-such-plan"},
			{"PATCH", "", `{"plan":"pro"}`, 422, "invalid-plan"},
			{"PUT", "default", `{"requests_per_month":7}`, 200, `"requests_per_month":7`},
			{"PUT", "default", `{}`, 200, `"requests_per_month":70`},
		} {
			c := call{method: step.method, path: "/admin/plans/" + step.path, token: root.Token, body: step.body}
			if step.method == "PATCH" {
				c.path = "/admin/users/2"
			}
			got := s.do(c)
			shown := got.body
			if got.status < 300 && step.want != "" {
				shown = withoutTimes(t, got.body)
			}
			if got.status != step.status || !strings.Contains(shown, step.want) {
				t.Errorf("%s %s %s: got %d %s, want %d %s", step.method, step.path, step.body, got.status, shown, step.status, step.want)
			}
		}
		log := strings.Join(auditLog(t, s, root), "\n")
		for _, entry := range []string{
			"delete plan pro", "put plan pro month=100000 day=0 rates=*:10/s:20,root:60/m:60 in_flight=5", "edit ada plan=pro", "edit ada plan=default",
		} {
			if !strings.Contains(log, entry) {
				t.Errorf("the audit log has no %q:\n%s", entry, log)
			}
		}
	})
}

func TestPlansAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	long := strings.Repeat("p", 64)
	for _, step := range []struct{ name, body string }{
		{"Pro", `{}`},
		{"a%20b", `{}`},
		{"p.q", `{}`},
		{long + "p", `{}`},
		{"%C3%A9", `{}`},
		{"pro", `{"name":"pro"}`},
		{"pro", `{"requests_per_month":-1}`},
		{"pro", `{"requests_per_month":1.5}`},
		{"pro", `{"requests_per_month":"9"}`},
		{"pro", `{"requests_per_month":9007199254740993}`},
		{"pro", `{"requests_per_day":-1}`},
		{"pro", `{"in_flight":0}`},
		{"pro", `{"in_flight":-1}`},
		{"pro", `{"rates":{}}`},
		{"pro", `{"rates":[null]}`},
		{"pro", `{"rates":[{"route":"*"}]}`},
		{"pro", `{"rates":[{"rate":"1/s"}]}`},
		{"pro", `{"rates":[{"route":"*","rate":"0/s"}]}`},
		{"pro", `{"rates":[{"route":"*","rate":"10"}]}`},
		{"pro", `{"rates":[{"route":"*","rate":"1/s","burst":0}]}`},
		{"pro", `{"rates":[{"route":"*","rate":"1/s","burst":-1}]}`},
		{"pro", `{"rates":[{"route":"*","rate":"1/s","burst":1000000000}]}`},
		{"pro", `{"rates":[{"route":"*","rate":"1/s","bursts":1}]}`},
		{"pro", `{"rates":[{"route":"a b","rate":"1/s"}]}`},
		{"pro", `{"rates":[{"route":"","rate":"1/s"}]}`},
		{"pro", `{"rates":[{"route":"a","rate":"1/s"},{"route":"a","rate":"2/s"}]}`},
		{"pro", `{"rates":[{"route":"r` + strings.Join(strings.Split(many("%d", 201), `","`), `","rate":"1/s"},{"route":"r`) + `","rate":"1/s"}]}`},
	} {
		got := s.do(call{method: "PUT", path: "/admin/plans/" + step.name, token: root.Token, body: step.body})
		if got.status != 422 {
			t.Errorf("%s %s: got %d %s, want 422", step.name, step.body, got.status, got.body)
		}
	}
	if got := s.do(call{method: "PUT", path: "/admin/plans/" + long, token: root.Token, body: `{}`}); got.status != 201 {
		t.Errorf("the longest name: got %d %s", got.status, got.body)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		c := call{method: method, path: "/admin/plans/pro", body: `{}`}
		wantRefused(t, s.do(c))
		c.token = s.user(t, "user"+strings.ToLower(method)).Token
		if got := s.do(c); got.status != 403 {
			t.Errorf("%s by somebody else: got %d", method, got.status)
		}
	}
}

func TestPlansArePagedByName(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	for _, name := range []string{"pro", "a", "free", "b-2", "b_1"} {
		s.do(call{method: "PUT", path: "/admin/plans/" + name, token: root.Token, body: `{}`})
	}
	type page struct {
		Plans []struct{ Name string }
		Next  *string `json:"next_cursor"`
	}
	var names []string
	for cursor := ""; ; {
		got := fetch[page](t, s, call{path: "/admin/plans?limit=2&cursor=" + cursor, token: root.Token}, 200)
		for _, p := range got.Plans {
			names = append(names, p.Name)
		}
		if got.Next == nil {
			break
		}
		cursor = *got.Next
	}
	if got := fmt.Sprint(names); got != "[a b-2 b_1 default free pro]" {
		t.Errorf("got %s", got)
	}
	if got := fetch[page](t, s, call{path: "/admin/plans", token: root.Token}, 200); len(got.Plans) != 6 || got.Next != nil {
		t.Errorf("without a limit: got %+v", got)
	}
}

// TestGatewaysHearOfPlans: the feed has each change once, in the order of versions, and the record has the user's plan.
func TestGatewaysHearOfPlans(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		quota := int64(70)
		s := newService(t, options{url: url, quota: &quota})
		api := internalAPI(t)
		root := s.root(t)
		s.register(t, "ada", "123456")
		ask := func(path string) map[string]any {
			t.Helper()
			c := call{method: http.MethodGet, path: path, token: s.internal}
			got := s.do(c)
			checkInternal(t, api, c, got)
			return read[map[string]any](t, got)
		}
		plans := func(page map[string]any) string { return string(must(json.Marshal(page["plans"]))(t)) }
		admin := func(method, path, body string) {
			t.Helper()
			if got := s.do(call{method: method, path: path, token: root.Token, body: body}); got.status >= 300 {
				t.Fatalf("%s %s: got %d %s", method, path, got.status, got.body)
			}
		}
		const nothing = `"in_flight":null,"name":"default","rates":[],"requests_per_day":null,"requests_per_month":70,"version":0`
		if got := plans(ask("/internal/changes")); got != "[{"+nothing+"}]" {
			t.Errorf("at the start: got %s", got)
		}
		admin("PUT", "/admin/plans/pro", `{"requests_per_month":9}`)
		admin("PATCH", "/admin/users/2", `{"plan":"pro","roles":["ops"]}`)
		admin("PUT", "/admin/plans/gone", `{}`)
		admin("DELETE", "/admin/plans/gone", "")
		const pro = `{"in_flight":null,"name":"pro","rates":[],"requests_per_day":null,"requests_per_month":9,"version":1}`
		page := ask("/internal/changes?after=0")
		if got := plans(page); got != "["+pro+`,{"deleted":true,"name":"gone","version":4}]` || page["cursor"] != "4" {
			t.Errorf("after the changes: got %s up to %v", got, page["cursor"])
		}
		if got := plans(ask("/internal/changes?after=4")); got != "[]" {
			t.Errorf("at the end: got %s", got)
		}
		record := ask("/internal/users/2")
		if got := fmt.Sprint(record["plan"], record["roles"], record["own_quota"], record["monthly_quota"]); got != "pro[ops] <nil> 9" {
			t.Errorf("the record has %s", got)
		}
		if got := string(must(json.Marshal(record["plan_limits"]))(t)); got != pro {
			t.Errorf("the record has the plan %s", got)
		}
		admin("PATCH", "/admin/users/2", `{"monthly_quota":3}`)
		if record = ask("/internal/users/2"); fmt.Sprint(record["own_quota"], record["monthly_quota"]) != "3 3" {
			t.Errorf("the record has %v", record)
		}
		admin("PUT", "/admin/plans/gone", `{}`)
		if got := plans(ask("/internal/changes?after=5")); !strings.Contains(got, `"name":"gone"`) || strings.Contains(got, "deleted") {
			t.Errorf("a plan that is made again: got %s", got)
		}
		if got := ask("/internal/users/99"); got["plan"] != "default" || fmt.Sprint(got["monthly_quota"]) != "70" {
			t.Errorf("nobody: got %v", got)
		}
	})
}

// TestThePlansMonthIsTheQuota: in what users see and in what gateways lease.
func TestThePlansMonthIsTheQuota(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		quota := int64(70)
		s := newService(t, options{url: url, quota: &quota})
		root, ada := s.root(t), s.user(t, "ada")
		number := 0
		for _, step := range []struct{ call, path, body, want string }{
			{"PUT", "/admin/plans/pro", `{"requests_per_month":9}`, "70"},
			{"PATCH", "/admin/users/2", `{"plan":"pro"}`, "9"},
			{"PUT", "/admin/plans/pro", `{"requests_per_month":8}`, "8"},
			{"PUT", "/admin/plans/pro", `{}`, "<nil>"},
			{"PATCH", "/admin/users/2", `{"monthly_quota":5}`, "5"},
			{"PATCH", "/admin/users/2", `{"plan":null}`, "5"},
			{"PATCH", "/admin/users/2", `{"monthly_quota":null}`, "70"},
			{"PUT", "/admin/plans/default", `{"requests_per_month":6}`, "6"},
		} {
			if got := s.do(call{method: step.call, path: step.path, token: root.Token, body: step.body}); got.status >= 300 {
				t.Fatalf("%+v: got %d %s", step, got.status, got.body)
			}
			number++
			lease := fmt.Sprintf(`{"gateway":"g","user_id":2,"month":"2026-11","request":%d,"want":1,"returned":1}`, number)
			for what, c := range map[string]call{
				"the user":          {path: "/users/me/usage", token: ada.Token},
				"the administrator": {path: "/admin/users/2/usage", token: root.Token},
				"the gateway":       {method: "POST", path: "/internal/quota/leases", token: s.internal, body: lease},
			} {
				got := fetch[map[string]any](t, s, c, 200)
				if quota, nested := got["quota"].(map[string]any); nested {
					got = quota
				}
				if limit := fmt.Sprint(got["limit"]); limit != step.want {
					t.Errorf("%s %s %s: %s has the limit %s, want %s", step.call, step.path, step.body, what, limit, step.want)
				}
			}
		}
	})
}
