package httpapi_test

import (
	"strings"
	"testing"
)

// TestUsageSeriesOfAllUsers: sums by route and by user, the rest, and the period before.
func TestUsageSeriesOfAllUsers(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root, ada := s.root(t), s.user(t, "ada")
		s.deliver(1, 2, "root", "2026-11-23T23:00:00Z", 3)
		s.deliver(2, 2, "files", "", 5)
		s.deliver(3, 7, "files", "", 9) // of somebody who is gone
		s.deliver(4, 1, "search", "", 1)
		s.deliver(5, 2, "files", "2026-10-20T00:00:00Z", 4) // in the period before
		some := func(requests, clientErrors, bytesOut string) string {
			return `"requests":` + requests + `,"units":` + requests + `,"client_errors":` + clientErrors +
				`,"server_errors":0,"rate_limited":0,"bytes_in":0,"bytes_out":` + bytesOut + `}`
		}
		const none = `{"requests":0,"units":0,"client_errors":0,"server_errors":0,"rate_limited":0,"bytes_in":0,"bytes_out":0}`
		const head = `{"from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z","by":`
		for query, want := range map[string]string{
			"?top=2": head + `"day","group":"route","total":{` + some("18", "4", "180") + `,"before":{` + some("4", "1", "40") +
				`,"groups":[{"route":"files","total":{` + some("14", "2", "140") + `,"before":{` + some("4", "1", "40") +
				`},{"route":"root","total":{` + some("3", "1", "30") + `,"before":` + none +
				`},{"other":true,"total":{` + some("1", "1", "10") + `,"before":` + none +
				`}],"series":[{"start":"2026-11-23T00:00:00Z","route":"root",` + some("3", "1", "30") +
				`,{"start":"2026-11-24T00:00:00Z","route":"files",` + some("14", "2", "140") +
				`,{"start":"2026-11-24T00:00:00Z","other":true,` + some("1", "1", "10") + `]}`,
			"?group=user&top=2&by=month": head + `"month","group":"user","total":{` + some("18", "4", "180") + `,"before":{` + some("4", "1", "40") +
				`,"groups":[{"user_id":7,"username":null,"total":{` + some("9", "1", "90") + `,"before":` + none +
				`},{"user_id":2,"username":"ada","total":{` + some("8", "2", "80") + `,"before":{` + some("4", "1", "40") +
				`},{"other":true,"total":{` + some("1", "1", "10") + `,"before":` + none +
				`}],"series":[{"start":"2026-11-01T00:00:00Z","user_id":7,` + some("9", "1", "90") +
				`,{"start":"2026-11-01T00:00:00Z","user_id":2,` + some("8", "2", "80") +
				`,{"start":"2026-11-01T00:00:00Z","other":true,` + some("1", "1", "10") + `]}`,
			"?by=hour&route=root": head + `"hour","group":"route","total":{` + some("3", "1", "30") + `,"before":` + none +
				`,"groups":[{"route":"root","total":{` + some("3", "1", "30") + `,"before":` + none +
				`}],"series":[{"start":"2026-11-23T23:00:00Z","route":"root",` + some("3", "1", "30") + `]}`,
			"?from=2027-01-01": `{"from":"2027-01-01T00:00:00Z","to":"2027-02-01T00:00:00Z","by":"day","group":"route","total":` + none +
				`,"before":` + none + `,"groups":[],"series":[]}`,
		} {
			if got := s.do(call{path: "/admin/usage/series" + query, token: root.Token}); got.status != 200 || got.body != want {
				t.Errorf("%s: got %d\n%s\nwant\n%s", query, got.status, got.body, want)
			}
		}
		if got := s.do(call{path: "/admin/usage/series", token: ada.Token}); got.status != 403 {
			t.Errorf("as somebody else: got %d", got.status)
		}
		wantRefused(t, s.do(call{path: "/admin/usage/series"}))
		for _, query := range []string{
			"?by=week", "?by=hour&from=2020-01-01", "?from=2026-11-24&to=2026-11-24", "?group=key", "?group=user&group=user", "?top=0", "?top=51",
			"?top=x", "?top=", "?top=1&top=1", "?route=%ff", "?route=%00", "?route=" + strings.Repeat("r", 129),
		} {
			got := s.do(call{path: "/admin/usage/series" + query, token: root.Token})
			if got.status != 422 || !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s: got %d %s", query, got.status, got.body)
			}
		}
	})
}
