package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestHeadIsServedWhereGetIs(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	for _, handler := range []http.Handler{s.public, s.private} {
		served := map[string]bool{}
		engine, ok := handler.(interface{ Routes() gin.RoutesInfo })
		if !ok {
			t.Fatal("the API has no list of routes")
		}
		for _, r := range engine.Routes() {
			served[r.Method+" "+r.Path] = true
		}
		for route := range served {
			if path, get := strings.CutPrefix(route, "GET "); get && !served["HEAD "+path] {
				t.Errorf("%s is not served for HEAD", path)
			}
		}
	}
	for _, path := range []string{"/livez", "/users/me", "/users/me/usage", "/users/me/limits", "/admin/users", "/admin/users/1/usage", "/admin/invitations", "/admin/audit"} {
		if got := s.do(call{method: "HEAD", path: path, token: root.Token}); got.status != 200 {
			t.Errorf("HEAD %s: got %d, want 200", path, got.status)
		}
	}
	wantRefused(t, s.do(call{method: "HEAD", path: "/users/me"}))
}
