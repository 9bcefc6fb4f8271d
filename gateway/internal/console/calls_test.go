package console_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tallygate/gateway/internal/console"
)

func TestPagesKnowWhereTheCallsAre(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		calls console.Calls
		meta  string
	}{
		{console.Calls{}, `content=""`},
		{console.Calls{Under: "/auth"}, `content="/auth"`},
		{console.Calls{Under: "/auth", NoRoot: true}, `content="/auth"`},
		{console.Calls{NoRoot: true}, `content=""`},
	} {
		all, err := console.Pages("on", row.calls)
		if err != nil {
			t.Fatal(err)
		}
		page := string(all["/"].Body)
		if want := `<meta name="calls" ` + row.meta + `>`; !strings.Contains(page, want) {
			t.Errorf("%+v: the console lacks %s", row.calls, want)
		}
		var description struct {
			Servers []struct{ URL string }
			Paths   map[string]any
			Tags    []struct{ Name string }
		}
		if err := json.Unmarshal(all["/openapi.json"].Body, &description); err != nil {
			t.Fatal(err)
		}
		tags := ""
		for _, tag := range description.Tags {
			tags += tag.Name + ", "
		}
		root := description.Paths[row.calls.Under+"/root"] != nil
		if len(description.Servers) != 1 || description.Servers[0].URL != "/" || root == row.calls.NoRoot || strings.Contains(tags, "Number") == row.calls.NoRoot {
			t.Errorf("%+v: got servers %v, /root %t, tags %s", row.calls, description.Servers, root, tags)
		}
		for path := range description.Paths {
			if !strings.HasPrefix(path, row.calls.Under) || strings.HasPrefix(path, row.calls.Under+row.calls.Under+"/") && row.calls.Under != "" {
				t.Errorf("%+v: describes %s", row.calls, path)
			}
		}
		if description.Paths[row.calls.Under+"/token"] == nil {
			t.Errorf("%+v: lacks /token", row.calls)
		}
		if used := all["/openapi.json"].ETag == pages(t, "on")["/openapi.json"].ETag; used != (row.calls == console.Calls{}) {
			t.Errorf("%+v: the ETag is the same: %t", row.calls, used)
		}
	}
}

func TestTheDescriptionHasTheGatewaysVersion(t *testing.T) {
	t.Parallel()
	for _, calls := range []console.Calls{{Version: `v1.2.3 "x"`}, {Version: `v1.2.3 "x"`, NoRoot: true}} {
		all, err := console.Pages("on", calls)
		if err != nil {
			t.Fatal(err)
		}
		var description struct{ Info struct{ Version string } }
		if err := json.Unmarshal(all["/openapi.json"].Body, &description); err != nil || description.Info.Version != calls.Version {
			t.Errorf("%+v: got %q, %v", calls, description.Info.Version, err)
		}
	}
}
