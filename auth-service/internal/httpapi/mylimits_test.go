package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestLimitsAreThoseThatApply(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		quota := int64(70)
		s := newService(t, options{url: url, quota: &quota})
		root, ada := s.root(t), s.user(t, "ada")
		for sequence, hour := range []string{"2026-11-24T12:00:00Z", "2026-11-24T00:00:00Z", "2026-11-23T23:00:00Z", "2026-10-31T23:00:00Z"} {
			s.deliver(sequence+1, 2, "root", hour, 3)
		}
		month := func(limit, remaining int) string {
			return fmt.Sprintf(`{"name":"month","limit":%d,"used":9,"remaining":%d,"resets_at":"2026-12-01T00:00:00Z"}`, limit, remaining)
		}
		day := func(limit, remaining int) string {
			return fmt.Sprintf(`{"name":"day","limit":%d,"used":6,"remaining":%d,"resets_at":"2026-11-25T00:00:00Z"}`, limit, remaining)
		}
		for _, step := range []struct{ method, path, body, want string }{
			{"PATCH", "/admin/users/2", `{}`, `{"plan":"default","quotas":[` + month(70, 61) + `],"rates":[],"in_flight":null}`},
			{"PUT", "/admin/plans/default", `{"requests_per_day":5,"in_flight":3}`, `{"plan":"default","quotas":[` + month(70, 61) + `,` + day(5, 0) + `],"rates":[],"in_flight":3}`},
			{
				"PUT", "/admin/plans/pro", `{"requests_per_day":8,"rates":[{"route":"*","rate":"10/s","burst":20},{"route":"root","rate":"5/m"}]}`,
				`{"plan":"default",`,
			},
			{
				"PATCH", "/admin/users/2", `{"plan":"pro"}`,
				`{"plan":"pro","quotas":[` + day(8, 2) + `],"rates":[{"route":"*","rate":"10/s","burst":20},{"route":"root","rate":"5/m","burst":5}],"in_flight":null}`,
			},
			{"PATCH", "/admin/users/2", `{"monthly_quota":9}`, `{"plan":"pro","quotas":[` + month(9, 0) + `,` + day(8, 2) + `],`},
			{"PUT", "/admin/plans/pro", `{"requests_per_month":4}`, `{"plan":"pro","quotas":[` + month(9, 0) + `],"rates":[],"in_flight":null}`},
			{"PATCH", "/admin/users/2", `{"plan":null,"monthly_quota":null}`, `{"plan":"default","quotas":[` + month(70, 61) + `,` + day(5, 0) + `],"rates":[],"in_flight":3}`},
		} {
			if got := s.do(call{method: step.method, path: step.path, token: root.Token, body: step.body}); got.status >= 300 {
				t.Fatalf("%+v: got %d %s", step, got.status, got.body)
			}
			if got := s.do(call{path: "/users/me/limits", token: ada.Token}); got.status != 200 || !strings.HasPrefix(got.body, step.want) {
				t.Errorf("%s %s: got  %d %s\nwant %s", step.method, step.body, got.status, got.body, step.want)
			}
		}
		wantRefused(t, s.do(call{path: "/users/me/limits"}))
	})
}

func TestLimitsOfAnAPIKeyHaveItsOwnQuota(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		quota := int64(70)
		s := newService(t, options{url: url, quota: &quota})
		ada := s.user(t, "ada")
		capped := s.makeKey(t, ada.Token, `{"name":"a","monthly_quota":5,"routes":["files"]}`)
		free := s.makeKey(t, ada.Token, `{"name":"b"}`)
		put := call{method: "PUT", path: "/internal/usage", token: s.internal, body: `{"gateway":"g","sequence":1,"rows":[` +
			`{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","requests":7},` +
			`{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","key_id":"` + capped.KeyID + `","requests":3}]}`}
		if got := s.do(put); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		const month = `{"plan":"default","quotas":[{"name":"month","limit":70,"used":10,"remaining":60,"resets_at":"2026-12-01T00:00:00Z"}`
		const key = `,{"name":"key","limit":5,"used":3,"remaining":2,"resets_at":"2026-12-01T00:00:00Z"}`
		const rest = `],"rates":[],"in_flight":null}`
		for token, want := range map[string]string{
			ada.Token: month + rest, *read[opened](t, s.open(capped.Key)).Token: month + key + rest, *read[opened](t, s.open(free.Key)).Token: month + rest,
		} {
			if got := s.do(call{path: "/users/me/limits", token: token}); got.status != 200 || got.body != want {
				t.Errorf("got  %d %s\nwant %s", got.status, got.body, want)
			}
		}
	})
}

func TestTheRatesOfTheGatewaysRoutesComeAfterThePlans(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	if got := s.do(call{method: "PUT", path: "/admin/plans/default", token: root.Token, body: `{"rates":[{"route":"*","rate":"10/s"}]}`}); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	const plans = `{"route":"*","rate":"10/s","burst":10}`
	for field, want := range map[string]string{
		"root=5/m:7":             plans + `,{"route":"root","rate":"5/m","burst":7}`,
		"root=5/m:7,files=1/h:1": plans + `,{"route":"root","rate":"5/m","burst":7},{"route":"files","rate":"1/h","burst":1}`,
		"":                       plans,
		"root":                   plans,
		"root=5/m:7,":            plans,
		"root=5/m:7, files=0/h":  plans,
		"root=5/m:7;files=1/h:1": plans,
	} {
		got := s.do(call{path: "/users/me/limits", token: root.Token, header: http.Header{"X-Tallygate-Rates": {field}}})
		if got.status != 200 || !strings.Contains(got.body, `"rates":[`+want+`],`) {
			t.Errorf("%q: got %d %s", field, got.status, got.body)
		}
	}
	got := s.do(call{path: "/users/me/limits", token: root.Token, header: http.Header{"X-Tallygate-Rates": {"root=5/m:7", "files=1/h:1"}}})
	if !strings.Contains(got.body, `"rates":[`+plans+`],`) {
		t.Errorf("two fields: got %s", got.body)
	}
}
