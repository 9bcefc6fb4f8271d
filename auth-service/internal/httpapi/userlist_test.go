package httpapi_test

import (
	"fmt"
	"testing"
	"time"
)

func TestAnAdministratorSeesWhatUsersDo(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		s.user(t, "ada")
		s.register(t, "bob", "123456")
		type watched struct {
			Username   string
			Sessions   int
			LastSeenAt *time.Time `json:"last_seen_at"`
			Usage      struct{ Requests, Units, Limit *int64 }
		}
		for _, step := range []struct {
			quota, path string
			want        string
		}{
			{"null", "/admin/users?query=ada", "[ada 1 seen, no limit]"},
			{"7", "/admin/users?query=ada&role=user&disabled=false&plan=default", "[ada 1 seen, 7]"},
			{"7", "/admin/users?role=admin", "[root 1 seen, no limit]"},
			{"7", "/admin/users?query=bob", "[bob 0 never, no limit]"},
			{"7", "/admin/users?plan=none", "[]"},
			{"7", "/admin/users?disabled=true", "[]"},
		} {
			fetch[watched](t, s, call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"monthly_quota":` + step.quota + `}`}, 200)
			page := fetch[struct{ Users []watched }](t, s, call{path: step.path, token: root.Token}, 200)
			var got []string
			for _, u := range page.Users {
				seen, limit := "never", "no limit"
				if u.LastSeenAt != nil {
					seen = "seen"
				}
				if u.Usage.Limit != nil {
					limit = fmt.Sprint(*u.Usage.Limit)
				}
				if u.Usage.Requests == nil || u.Usage.Units == nil {
					t.Errorf("%s: no usage", step.path)
				}
				got = append(got, fmt.Sprintf("%s %d %s, %s", u.Username, u.Sessions, seen, limit))
			}
			if fmt.Sprint(got) != step.want {
				t.Errorf("%s: got %v, want %s", step.path, got, step.want)
			}
		}
		one := fetch[watched](t, s, call{path: "/admin/users/2", token: root.Token}, 200)
		if one.Sessions != 1 || one.LastSeenAt == nil || one.Usage.Limit == nil || *one.Usage.Limit != 7 {
			t.Errorf("one user: got %+v", one)
		}
		for _, bad := range []string{"role=owner", "disabled=1", "plan=Pro", "role=admin&role=user", "disabled=true&disabled=true"} {
			if got := s.do(call{path: "/admin/users?" + bad, token: root.Token}); got.status != 422 {
				t.Errorf("%s: got %d %s", bad, got.status, got.body)
			}
		}
	})
}
