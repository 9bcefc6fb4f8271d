package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
)

type plannedUser struct {
	Plan  string
	Roles []string
}

func (u plannedUser) String() string { return u.Plan + " " + strings.Join(u.Roles, ",") }

func TestPlanAndRolesOfAUserAreEdited(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root, ada := s.root(t), s.user(t, "ada")
		path := "/admin/users/2"
		const longest = "0123456789abcdefghijklmnopqrstuvwxyz-_0123456789abcdefghijklmnop"
		for _, step := range []struct {
			body   string
			status int
			want   string
		}{
			{`{"roles":["ops","analyst","ops"]}`, 200, "default analyst,ops"},
			{`{"plan":null}`, 200, "default analyst,ops"},
			{`{"plan":"default"}`, 200, "default analyst,ops"},
			{`{"plan":"pro"}`, 422, "There is no such plan."},
			{`{"plan":""}`, 422, "The name of a plan is 1 to 64"},
			{`{"plan":"Pro"}`, 422, "The name of a plan is 1 to 64"},
			{`{"plan":7}`, 422, "name of one, or null"},
			{`{"roles":null}`, 422, "list of names"},
			{`{"roles":"ops"}`, 422, "list of names"},
			{`{"roles":[7]}`, 422, "list of names"},
			{`{"roles":[null]}`, 422, "The name of a role is 1 to 64"},
			{`{"roles":["a b"]}`, 422, "The name of a role is 1 to 64"},
			{`{"roles":["` + longest + `x"]}`, 422, "The name of a role is 1 to 64"},
			{`{"roles":["admin"]}`, 422, "makes an administrator"},
			{`{"roles":["user"]}`, 422, "makes an administrator"},
			{`{"roles":["` + many("r%d", 33) + `"]}`, 422, "at most 32 roles"},
			{`{"roles":["` + longest + `"]}`, 200, "default " + longest},
			{`{"roles":[]}`, 200, "default "},
			{`{"roles":["analyst"]}`, 200, "default analyst"},
		} {
			got := s.do(call{method: "PATCH", path: path, token: root.Token, body: step.body})
			shown := got.body
			if got.status == 200 {
				shown = read[plannedUser](t, got).String()
			}
			if got.status != step.status || step.status == 200 && shown != step.want || !strings.Contains(shown, step.want) {
				t.Errorf("%s: got %d %s, want %d %s", step.body, got.status, shown, step.status, step.want)
			}
		}
		// The user's tokens live on, and all who may see the user see it.
		if got := fetch[plannedUser](t, s, call{path: "/users/me", token: ada.Token}, 200); got.String() != "default analyst" {
			t.Errorf("the user sees %s", got)
		}
		list := fetch[struct{ Users []plannedUser }](t, s, call{path: "/admin/users?query=ada", token: root.Token}, 200)
		if len(list.Users) != 1 || list.Users[0].String() != "default analyst" {
			t.Errorf("administrators see %+v", list)
		}
		if got := auditLog(t, s, root)[0]; !strings.HasSuffix(got, " edit ada roles=analyst") {
			t.Errorf("the audit log says %s", got)
		}
	})
}

// many joins so many texts of a form with a number in it, as members of a JSON list without the outer quotes.
func many(form string, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(form, i))
	}
	return strings.Join(all, `","`)
}
