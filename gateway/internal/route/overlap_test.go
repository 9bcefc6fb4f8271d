package route_test

import (
	"fmt"
	"slices"
	"testing"

	"tallygate/gateway/internal/route"
)

func TestWhichRoutesHideWhich(t *testing.T) {
	t.Parallel()
	own := func(name, path string, exact bool, methods ...string) []*route.Route {
		return []*route.Route{at(name, path, exact, methods...)}
	}
	pages := []string{"/", "/docs", "/console/style.css", "/healthz"}
	for name, row := range map[string]struct {
		routes []*route.Route
		want   []string
	}{
		"nothing in common":            {own("mine", "/files", false), nil},
		"a prefix at a built-in path":  {own("mine", "/root", false), []string{"! root takes /root from mine"}},
		"all below it too":             {own("mine", "/token", false), []string{"! token takes /token from mine", "! introspect takes /token/introspect from mine", "! refresh takes /token/refresh from mine", "! ticket takes /token/ticket from mine"}},
		"an exact path, other methods": {own("mine", "/token", true, "GET"), nil},
		"an exact path below":          {own("mine", "/token/x", true), nil},
		"the place of a segment *":     {own("mine", "/users/me/sessions/all", true), []string{"! mine takes /users/me/sessions/all from session"}},
		"a prefix there":               {own("mine", "/users/me/sessions/all", false), nil},
		"a longer name":                {own("mine", "/tokens", false), nil},
		"two prefixes": {
			append(own("a", "/files", false), own("b", "/files/private", false)...), []string{"b takes /files/private/... from a"},
		},
		"an exact path in a prefix": {append(own("a", "/files", false), own("b", "/files/one", true)...), []string{"b takes /files/one from a"}},
		"an exact path at a prefix": {append(own("a", "/files", false), own("b", "/files", true, "GET")...), []string{"! b takes /files from a"}},
		"two methods of one path":   {append(own("a", "/files", false, "GET"), own("b", "/files", false, "PUT")...), nil},
		"a page":                    {own("mine", "/docs", true), []string{"mine takes /docs from page"}},
		"a page at a prefix":        {own("mine", "/docs", false), []string{"mine takes /docs from page"}},
		"a page below a prefix":     {own("mine", "/console", false), []string{"! page takes /console/style.css from mine"}},
		"the health page":           {own("mine", "/healthz", true), []string{"mine takes /healthz from page"}},
	} {
		table, err := route.NewTable(slices.Concat(route.Builtin("auth:1", "math:2"), row.routes))
		if err != nil {
			t.Fatal(err)
		}
		if got := overlaps(table, pages); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
	table, err := route.NewTable(append(route.Builtin("auth:1", "math:2"), at("mine", "/", false)))
	if err != nil {
		t.Fatal(err)
	}
	got := overlaps(table, pages)
	for _, want := range []string{"root takes /root from mine", "page takes /docs from mine", "mine takes / from page"} {
		if !slices.Contains(got, want) {
			t.Errorf("a route for everything: got %q without %q", got, want)
		}
	}
}

func overlaps(table *route.Table, pages []string) (lines []string) {
	for _, o := range table.Overlaps(pages) {
		line := fmt.Sprintf("%s takes %s from %s", o.Winner, o.Path, o.Loser)
		if o.Notable {
			line = "! " + line
		}
		lines = append(lines, line)
	}
	return lines
}
