package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/gin-gonic/gin"
)

// description is the API as openapi.yaml has it.
func description(t *testing.T) *openapi3.T {
	t.Helper()
	raw := must(os.ReadFile("../../openapi.yaml"))(t)
	doc := must(openapi3.NewLoader().LoadFromData(raw))(t)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestEveryPublicRouteIsDescribedAndNothingElse(t *testing.T) {
	t.Parallel()
	var described []string
	for path, item := range description(t).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	served := slices.DeleteFunc(servedRoutes(t, newService(t, options{}).public), func(route string) bool {
		return route == "GET /livez" || route == "GET /readyz"
	})
	slices.Sort(described)
	if got, want := strings.Join(served, "\n"), strings.Join(described, "\n"); got != want {
		t.Errorf("served:\n%s\n\ndescribed:\n%s", got, want)
	}
}

// servedRoutes are the routes of an API, written as a description writes them.
func servedRoutes(t *testing.T, api http.Handler) []string {
	t.Helper()
	engine, ok := api.(interface{ Routes() gin.RoutesInfo })
	if !ok {
		t.Fatal("the API has no list of routes")
	}
	parameter := regexp.MustCompile(`:(\w+)`)
	var served []string
	for _, r := range engine.Routes() {
		if r.Method != http.MethodHead { // it comes with GET; see TestHeadIsServedWhereGetIs
			served = append(served, r.Method+" "+parameter.ReplaceAllString(r.Path, "{$1}"))
		}
	}
	slices.Sort(served)
	return served
}

// TestResponsesAreAsDescribed makes one call of each kind that openapi.yaml names, and validates request and response by it.
func TestResponsesAreAsDescribed(t *testing.T) {
	t.Parallel()
	router := must(legacy.NewRouter(description(t)))(t)
	s := newService(t, options{guesses: defaultGuesses()})
	root := s.root(t)
	ada := s.user(t, "ada")
	bob := s.user(t, "bob")
	s.deliver(1, 3, "root", "", 5)
	s.deliver(2, 99, "root", "", 5)
	refresh := fmt.Sprintf(`{"refresh_token":%q}`, ada.RefreshToken)
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{method: "POST", path: "/users/register", body: credentials("eve", "123456")}, 201},
		{call{method: "POST", path: "/users/register", body: credentials("eve", "123456")}, 200},
		{call{method: "POST", path: "/users/register", body: credentials("e ve", "123456")}, 422},
		{call{method: "POST", path: "/token", body: credentials("ada", "123456")}, 200},
		{call{method: "POST", path: "/token", body: credentials("ada", "wrong")}, 401},
		{call{method: "POST", path: "/token/refresh", body: refresh}, 200},
		{call{method: "POST", path: "/token/refresh", body: `{"refresh_token":"x"}`}, 401},
		{call{path: "/users/me", token: ada.Token}, 200},
		{call{path: "/users/me"}, 401},
		{call{path: "/users/me/sessions", token: ada.Token}, 200},
		{call{method: "DELETE", path: "/users/me/sessions/x", token: ada.Token}, 404},
		{call{method: "PUT", path: "/users/me/password", token: ada.Token, body: `{"current_password":"x","new_password":"y"}`}, 401},
		{call{method: "PUT", path: "/users/me/password", token: ada.Token, body: `{"current_password":"123456","new_password":"y"}`}, 204},
		{call{method: "DELETE", path: "/users/me", token: ada.Token, body: `{"password":"y"}`}, 401},
		{call{method: "DELETE", path: "/users/me", token: bob.Token, body: `{"password":"x"}`}, 401},
		{call{path: "/users/me/usage?from=2026-11-01&to=2026-12-01&by=hour&route=root", token: bob.Token}, 200},
		{call{path: "/users/me/limits", token: bob.Token}, 200},
		{call{path: "/users/me/limits"}, 401},
		{call{path: "/users/me/usage?format=csv&group=key", token: bob.Token}, 200},
		{call{path: "/admin/users/3/usage?format=csv", token: root.Token}, 200},
		{call{path: "/users/me/usage?by=week", token: bob.Token}, 422},
		{call{path: "/users/me/usage?by=%zz", token: bob.Token}, 400},
		{call{path: "/admin/users/3/usage", token: root.Token}, 200},
		{call{path: "/admin/usage?limit=1&sort=user", token: root.Token}, 200},
		{call{path: "/admin/usage?format=csv", token: root.Token}, 200},
		{call{path: "/admin/usage", token: bob.Token}, 403},
		{call{path: "/admin/usage/series?group=user&by=hour&from=2026-11-01&to=2026-11-30&route=root&top=3", token: root.Token}, 200},
		{call{path: "/admin/usage/series?top=51", token: root.Token}, 422},
		{call{path: "/admin/usage/series", token: bob.Token}, 403},
		{call{path: "/admin/users?limit=1", token: root.Token}, 200},
		{call{path: "/admin/users?limit=100&query=r", token: root.Token}, 200},
		{call{path: "/admin/users", token: bob.Token}, 403},
		{call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"monthly_quota":5,"role":"admin"}`}, 200},
		{call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"monthly_quota":null,"disabled":true}`}, 200},
		{call{method: "PATCH", path: "/admin/users/99", token: root.Token, body: `{}`}, 404},
		{call{method: "PATCH", path: "/admin/users/1", token: root.Token, body: `{"disabled":true}`}, 409},
		{call{method: "DELETE", path: "/admin/users/2", token: root.Token}, 204},
		{call{path: "/admin/audit", token: root.Token}, 200},
		{call{path: "/admin/audit?limit=1", token: root.Token}, 200},
		{call{path: "/admin/audit?limit=%zz", token: root.Token}, 400},
		{call{path: "/admin/users?limit=%zz", token: root.Token}, 400},
		{call{method: "POST", path: "/logout", token: bob.Token}, 204},
		{call{method: "POST", path: "/logout", token: bob.Token}, 401},
		{call{method: "DELETE", path: "/users/me", token: root.Token, body: `{"password":"123456"}`}, 204},
	} {
		s.wantDescribed(t, router, step.call, step.status)
	}
}

func TestResponsesAboutPlansAreAsDescribed(t *testing.T) {
	t.Parallel()
	router := must(legacy.NewRouter(description(t)))(t)
	s := newService(t, options{})
	root, bob := s.root(t), s.user(t, "bob")
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{method: "PUT", path: "/admin/plans/pro", token: root.Token, body: `{"requests_per_day":9,"rates":[{"route":"*","rate":"1/s"}]}`}, 201},
		{call{method: "PUT", path: "/admin/plans/pro", token: root.Token, body: `{"in_flight":null}`}, 200},
		{call{method: "PUT", path: "/admin/plans/pro", token: root.Token, body: `{"in_flight":0}`}, 422},
		{call{path: "/admin/plans", token: root.Token}, 200},
		{call{path: "/admin/plans/pro", token: root.Token}, 200},
		{call{path: "/admin/plans/free", token: root.Token}, 404},
		{call{method: "DELETE", path: "/admin/plans/default", token: root.Token}, 409},
		{call{method: "DELETE", path: "/admin/plans/pro", token: root.Token}, 204},
		{call{path: "/admin/plans", token: bob.Token}, 403},
		{call{path: "/admin/audit", token: root.Token}, 200},
	} {
		s.wantDescribed(t, router, step.call, step.status)
	}
}

// wantDescribed makes a call, and validates request and response.
func (s *service) wantDescribed(t *testing.T, router routers.Router, c call, status int) {
	t.Helper()
	got := s.do(c)
	if got.status != status {
		t.Errorf("%s %s: got %d %s, want %d", c.method, c.path, got.status, got.body, status)
		return
	}
	if err := validate(router, c, got); err != nil {
		t.Errorf("%s %s: %d %s: %v", c.method, c.path, got.status, got.body, err)
	}
}

func validate(router routers.Router, c call, got response) error {
	req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(req.Header, c.header)
	route, params, err := router.FindRoute(req)
	if err != nil {
		return err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	// Requests that were refused for their form are not as described, and need not be.
	if got.status < 300 {
		if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
			return err
		}
	}
	return openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.status, Header: got.header, Options: input.Options,
		Body: io.NopCloser(bytes.NewReader([]byte(got.body))),
	})
}
