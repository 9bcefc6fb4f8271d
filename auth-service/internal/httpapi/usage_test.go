package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"tallygate/auth-service/internal/account"
)

// deliver delivers a batch of n calls of a user on a route, in the hour of the test's clock unless hour says otherwise.
func (s *service) deliver(sequence int, userID int64, route, hour string, n int) response {
	if hour == "" {
		hour = "2026-11-24T12:00:00Z"
	}
	return s.do(call{method: "POST", path: "/internal/usage", token: s.internal, body: fmt.Sprintf(
		`{"gateway":"g","sequence":%d,"rows":[{"user_id":%d,"route":%q,"hour":%q,"requests":%d,"client_errors":1,"bytes_out":%d}]}`,
		sequence, userID, route, hour, n, 10*n)})
}

func TestUsageIsWhatGatewaysDelivered(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada, eve := s.user(t, "ada"), s.user(t, "eve")
		for sequence, hour := range []string{"2026-11-24T12:00:00Z", "2026-11-23T00:00:00Z", "2026-11-23T23:00:00Z", "2026-10-31T23:00:00Z"} {
			for range 2 { // the second one is a repetition
				if got := s.deliver(sequence+1, 1, "root", hour, 3); got.status != 204 || got.body != "" {
					t.Fatalf("got %d %s", got.status, got.body)
				}
			}
		}
		s.deliver(5, 1, "files", "", 7)
		want := `{"from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z",` +
			`"total":{"requests":16,"units":16,"client_errors":4,"server_errors":0,"rate_limited":0,"bytes_in":0,"bytes_out":160},"series":[` +
			`{"route":"root","start":"2026-11-23T00:00:00Z","requests":6,"units":6,"client_errors":2,"server_errors":0,"rate_limited":0,"bytes_in":0,"bytes_out":60},` +
			`{"route":"files","start":"2026-11-24T00:00:00Z","requests":7,"units":7,"client_errors":1,"server_errors":0,"rate_limited":0,"bytes_in":0,"bytes_out":70},` +
			`{"route":"root","start":"2026-11-24T00:00:00Z","requests":3,"units":3,"client_errors":1,"server_errors":0,"rate_limited":0,"bytes_in":0,"bytes_out":30}],` +
			`"quota":{"limit":null,"used":16,"remaining":null,"resets_at":null}}`
		if got := s.do(call{path: "/users/me/usage", token: ada.Token}); got.status != 200 || got.body != want {
			t.Errorf("got  %d %s\nwant 200 %s", got.status, got.body, want)
		}
		for query, want := range map[string]string{
			"?by=month&from=2026-01-01":                                      `"total":{"requests":19,`,
			"?by=month&from=2026-01-01&route=files":                          `"total":{"requests":7,`,
			"?by=hour&from=2026-11-23&to=2026-11-24":                         `"total":{"requests":6,`,
			"?from=2026-11-23T01:00:00Z":                                     `"total":{"requests":13,`,
			"?from=2026-11-24T00:00:00%2B01:00&to=2026-11-24T02:00:00Z":      `"total":{"requests":3,`,
			"?to=2026-11-01":                                                 `"from":"2026-10-01T00:00:00Z","to":"2026-11-01T00:00:00Z","total":{"requests":3,`,
			"?from=2027-02-03":                                               `"from":"2027-02-03T00:00:00Z","to":"2027-03-01T00:00:00Z","total":{"requests":0,`,
			"?from=2026-11-25&unknown=parameters&are=ignored&are=everywhere": `"series":[],`,
		} {
			if got := s.do(call{path: "/users/me/usage" + query, token: ada.Token}); got.status != 200 || !strings.Contains(got.body, want) {
				t.Errorf("%s: got %d %s, want %s in it", query, got.status, got.body, want)
			}
		}
		if got := s.do(call{path: "/users/me/usage", token: eve.Token}); !strings.Contains(got.body, `"series":[],`) {
			t.Errorf("another user sees %s", got.body)
		}
		wantRefused(t, s.do(call{path: "/users/me/usage"}))
	})
}

// TestReportsSayWhichHoursTheyCover: calls are kept by hour, so reports cover whole hours.
func TestReportsSayWhichHoursTheyCover(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		s.deliver(1, 1, "root", "2026-11-24T10:00:00Z", 5)
		s.deliver(2, 1, "root", "2026-11-24T11:00:00Z", 7)
		const from10, from11, to11, to12 = `"from":"2026-11-24T10:00:00Z",`, `"from":"2026-11-24T11:00:00Z",`,
			`"to":"2026-11-24T11:00:00Z",`, `"to":"2026-11-24T12:00:00Z",`
		for query, want := range map[string]struct{ period, requests string }{
			"from=2026-11-24T10:22:48Z&to=2026-11-24T11:00:00Z":           {from10 + to11, "5"},
			"from=2026-11-24T10:00:00Z&to=2026-11-24T10:00:01Z":           {from10 + to11, "5"},
			"from=2026-11-24T16:00:00%2B05:30&to=2026-11-24T11:30:00Z":    {from10 + to12, "12"},
			"from=2026-11-24T10:59:59.9Z&to=2026-11-24T11:00:00.0000001Z": {from10 + to12, "12"},
			"from=2026-11-24T11:00:00Z&to=2026-11-24T12:00:00Z":           {from11 + to12, "7"},
		} {
			for _, path := range []string{"/users/me/usage?by=hour&", "/users/me/usage?", "/admin/users/1/usage?by=month&", "/admin/usage?"} {
				got := s.do(call{path: path + query, token: root.Token})
				if got.status != 200 || !strings.Contains(got.body, want.period) || !strings.Contains(got.body, `"requests":`+want.requests+`,`) {
					t.Errorf("%s%s: got %d %s, want %s and %s requests", path, query, got.status, got.body, want.period, want.requests)
				}
			}
		}
		got := s.do(call{path: "/admin/usage?format=csv&from=2026-11-24T10:22:48Z&to=2026-11-25", token: root.Token})
		if name := got.header.Get("Content-Disposition"); !strings.Contains(name, `"usage-2026-11-24T10-2026-11-25.csv"`) {
			t.Errorf("got a file %s", name)
		}
	})
}

func TestUsageQueriesThatAreWrongSayWhy(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	for query, want := range map[string]int{
		"?by=week": 422, "?by=": 200, "?from=yesterday": 422, "?from=2026-13-01": 422, "?from=2026-11-24T00:00:00": 422,
		"?from=1969-12-31": 422, "?from=1970-01-01T00:00:00%2B14:00": 422, "?from=9999-12-31": 422, "?from=8999-12-31": 200, "?from=2026-11-24&to=2026-11-24": 422, "?from=2026-11-24&to=2026-11-23": 422,
		"?by=hour&from=2020-01-01": 422, "?by=day&from=2020-01-01": 200, "?by=month&from=1970-01-01": 200,
		"?from=2026-11-01&from=2026-11-02": 422, "?by=day&by=day": 422, "?route=a&route=a": 422,
		"?from=%zz": 400, "?from=2026-11-01;to=2026-11-02": 400, "?from=2026-11-24T00:00:00+01:00": 422,
	} {
		got := s.do(call{path: "/users/me/usage" + query, token: ada.Token})
		if got.status != want {
			t.Errorf("%s: got %d %s, want %d", query, got.status, got.body, want)
		}
		if want != 200 && !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: got %v", query, got.header)
		}
	}
}

func TestRoutesAndCursorsThatCannotExistAreRefused(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		for _, path := range []string{
			"/users/me/usage?route=%00", "/users/me/usage?route=%ff", "/users/me/usage?route=" + strings.Repeat("r", 129),
			"/admin/users/1/usage?route=%ff", "/admin/usage?route=%00", "/admin/usage?route=%ff",
			"/admin/usage?format=csv&route=%ff", "/admin/usage?format=csv&route=%00",
			"/admin/usage?cursor=MSAxIP8", "/admin/usage?cursor=MSAxIAA", "/admin/usage?sort=user&cursor=MSAxIP8",
		} {
			got := s.do(call{path: path, token: root.Token})
			if got.status != 422 || !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s: got %d %s", path, got.status, got.body)
			}
		}
	})
}

func TestBadBatchesAreRefusedWhole(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	const good = `{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","requests":1}`
	for name, body := range map[string]string{
		"no gateway":          `{"sequence":1,"rows":[` + good + `]}`,
		"gateway with a path": `{"gateway":"../g","sequence":1,"rows":[` + good + `]}`,
		"no sequence":         `{"gateway":"g","rows":[` + good + `]}`,
		"negative sequence":   `{"gateway":"g","sequence":-1,"rows":[` + good + `]}`,
		"no user":             `{"gateway":"g","sequence":1,"rows":[` + good + `,{"route":"root","hour":"2026-11-24T12:00:00Z"}]}`,
		"no route":            `{"gateway":"g","sequence":1,"rows":[` + good + `,{"user_id":1,"hour":"2026-11-24T12:00:00Z"}]}`,
		"control character":   `{"gateway":"g","sequence":1,"rows":[` + good + `,{"user_id":1,"route":"a\u0000","hour":"2026-11-24T12:00:00Z"}]}`,
		"no hour":             `{"gateway":"g","sequence":1,"rows":[` + good + `,{"user_id":1,"route":"root"}]}`,
		"half an hour":        `{"gateway":"g","sequence":1,"rows":[` + good + `,{"user_id":1,"route":"root","hour":"2026-11-24T12:30:00Z"}]}`,
		"negative count":      `{"gateway":"g","sequence":1,"rows":[` + good + `,{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","requests":-1}]}`,
		"fraction":            `{"gateway":"g","sequence":1,"rows":[` + good + `,{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","requests":0.5}]}`,
	} {
		if got := s.do(call{method: "POST", path: "/internal/usage", token: s.internal, body: body}); got.status != 422 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	if got := s.do(call{method: "POST", path: "/internal/usage", body: `{}`}); got.status != 401 {
		t.Errorf("without the credential: got %d", got.status)
	}
	if got := s.deliver(1, 1, "root", "", 1); got.status != 204 {
		t.Errorf("a good batch afterwards: got %d %s", got.status, got.body)
	}
}

func TestQuotaIsLeasedAndShown(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		quota := int64(100)
		s := newService(t, options{url: url, quota: &quota})
		ada := s.user(t, "ada")
		want := `"monthly_quota":100,`
		if got := s.do(call{path: "/internal/users/1", token: s.internal}); !strings.Contains(got.body, want) {
			t.Errorf("got %s, want %s in it", got.body, want)
		}
		lease := func(number, n int) response {
			return s.do(call{method: "POST", path: "/internal/quota/leases", token: s.internal, body: fmt.Sprintf(
				`{"gateway":"g","user_id":1,"month":"2026-11","request":%d,"want":%d}`, number, n)})
		}
		want = `{"granted":2,"limit":100,"remaining":98,"reserved_elsewhere":0,"resets_at":"2026-12-01T00:00:00Z","use_within":"30s"}`
		if got := lease(2, 50); got.status != 200 || got.body != want {
			t.Errorf("got %d %s, want %s", got.status, got.body, want)
		}
		if got := lease(1, 50); got.status != 409 {
			t.Errorf("an older request: got %d %s", got.status, got.body)
		}
		s.deliver(1, 1, "root", "", 2)
		want = `"quota":{"limit":100,"used":2,"remaining":98,"resets_at":"2026-12-01T00:00:00Z"}`
		if got := s.do(call{path: "/users/me/usage?from=2026-11-24", token: ada.Token}); !strings.Contains(got.body, want) {
			t.Errorf("got %s, want %s in it", got.body, want)
		}
		for range 2 {
			if got := s.do(call{method: "DELETE", path: "/internal/quota/leases/g", token: s.internal}); got.status != 204 {
				t.Errorf("end of the leases: got %d %s", got.status, got.body)
			}
		}
		for _, body := range []string{
			`{"gateway":"g","user_id":1,"month":"2026-13","request":3,"want":1}`, `{"gateway":"g","user_id":1,"month":"2026-11","want":1}`,
			`{"gateway":"g","user_id":1,"month":"2026-11","request":3}`, `{"gateway":"g","user_id":1,"month":"2031-11","request":3,"want":1}`,
			`{"gateway":"","user_id":1,"month":"2026-11","request":3,"want":1}`,
			`{"gateway":"g","user_id":1,"month":"2026-11","request":3,"want":1,"returned":-1}`,
		} {
			if got := s.do(call{method: "POST", path: "/internal/quota/leases", token: s.internal, body: body}); got.status != 422 {
				t.Errorf("%s: got %d %s", body, got.status, got.body)
			}
		}
	})
}

func TestAdministratorsSeeAllUsage(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		ada := s.user(t, "=ada")
		for i, n := range []int{5, 9, 7} {
			s.deliver(i+1, int64(i+2), "root", "", n) // =ada and two who are gone
		}
		const gone = `"username":null,"route":"root"`
		page := s.do(call{path: "/admin/usage?limit=2", token: root.Token})
		if page.status != 200 || !strings.Contains(page.body, `"lines":[{"user_id":3,`+gone+`,"requests":9,`) || !strings.Contains(page.body, `{"user_id":4,`+gone) {
			t.Errorf("got %d %s", page.status, page.body)
		}
		cursor := read[struct {
			Next string `json:"next_cursor"`
		}](t, page).Next
		page = s.do(call{path: "/admin/usage?limit=2&cursor=" + cursor, token: root.Token})
		if !strings.Contains(page.body, `"lines":[{"user_id":2,"username":"=ada","route":"root","requests":5,`) || !strings.Contains(page.body, `"next_cursor":null`) {
			t.Errorf("second page: got %d %s", page.status, page.body)
		}
		want := "user_id,username,route,requests,client_errors,server_errors,rate_limited,bytes_in,bytes_out,units\r\n" +
			"2,'=ada,root,5,1,0,0,0,50,5\r\n3,,root,9,1,0,0,0,90,9\r\n4,,root,7,1,0,0,0,70,7\r\n"
		got := s.do(call{path: "/admin/usage?format=csv", token: root.Token})
		if got.status != 200 || got.body != want || !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
			t.Errorf("got %d %v %s, want %s", got.status, got.header, got.body, want)
		}
		if got := s.do(call{path: "/admin/usage?format=csv&from=2020-01-01&to=2020-02-01", token: root.Token}); got.body != want[:strings.Index(want, "\n")+1] {
			t.Errorf("nothing: got %q", got.body)
		}
		if got := s.do(call{path: "/admin/users/3/usage", token: root.Token}); got.status != 200 || !strings.Contains(got.body, `"total":{"requests":9,`) {
			t.Errorf("one user: got %d %s", got.status, got.body)
		}
		for _, path := range []string{"/admin/usage", "/admin/usage?format=csv", "/admin/users/2/usage"} {
			if got := s.do(call{path: path, token: ada.Token}); got.status != 403 {
				t.Errorf("%s as somebody else: got %d", path, got.status)
			}
		}
		for _, query := range []string{
			"?sort=name", "?format=xml", "?limit=0", "?cursor=x", "?cursor=MSAx", "?from=x", "?sort=user&sort=user",
			"?limit=1&limit=2", "?cursor=MSAxIHI&cursor=MSAxIHI", "?format=csv&limit=0", "?format=csv&limit=1&limit=1", "?format=csv&sort=name",
			"?format=csv&cursor=x",
		} {
			if got := s.do(call{path: "/admin/usage" + query, token: root.Token}); got.status != 422 {
				t.Errorf("%s: got %d %s", query, got.status, got.body)
			}
		}
	})
}

func TestRoleIsWhatTheDatabaseSays(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	none := account.RoleNone
	if _, err := s.accounts.EditUser(t.Context(), account.Actor{Name: "test"}, 1, account.Edit{Role: &none}, nil); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, s.do(call{path: "/admin/usage", token: root.Token}))
}
