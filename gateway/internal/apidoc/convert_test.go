package apidoc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/route"
)

const twoRoutes = `
  - {name: notes, path: /my, strip_prefix: true, upstream: http://notes:9000/v1, rate: 10/m, cost: 5, openapi: /openapi.yaml}
  - {name: files, path: /files, methods: [GET], upstream: http://files, auth: public, openapi: /openapi.json}
  - {name: files-write, path: /files, methods: [PUT], upstream: http://files, roles: [writer], openapi: /openapi.json}
  - {name: plain, path: /plain, upstream: http://plain}
  - {name: for-some, path: /for-some, upstream: http://plain, roles: [ops]}
  - {name: off, path: /off, upstream: http://plain, openapi: false}
`

// Both upstreams have a component Note. The golden file shows what each becomes.
func TestDescriptionsOfSeveralUpstreamsBecomeOne(t *testing.T) {
	t.Parallel()
	all := table(t, twoRoutes)
	texts := map[string]string{"notes": file(t, "3.0.yaml"), "files": file(t, "3.1.json"), "files-write": file(t, "3.1.json")}
	got := merged(t, all, texts)
	golden(t, "merged.golden.json", added(t, got))
	if again := merged(t, all, texts); !bytes.Equal(got, again) {
		t.Error("the same descriptions become another text the second time")
	}
	for _, never := range []string{"for-some", "/off", "notes:9000", "notes.internal", "nothing refers to it", "of nobody", "__proto__", "javascript:", "<script", "$id", "other.json", "basic\":"} {
		if strings.Contains(string(got), never) {
			t.Errorf("the description says %q", never)
		}
	}
}

func TestWithoutRoutesTheOwnDescriptionStays(t *testing.T) {
	t.Parallel()
	for _, calls := range []console.Calls{{}, {Under: "/auth"}} {
		own, _ := pages(t, calls)
		all, err := route.NewTable(route.Builtins{Auth: "auth:1", Math: "math:2", Under: calls.Under}.Routes())
		if err != nil {
			t.Fatal(err)
		}
		checkOwn(t, all, calls, own)
	}
}

// A built-in call that a route of the file has replaced is not described as if it were still there.
func TestReplacedCallsAreNotDescribed(t *testing.T) {
	t.Parallel()
	doc := valid(t, merged(t, table(t, "\n  - {name: token, path: /elsewhere, upstream: http://a}\n  - {name: me, path: /users/me, methods: [PATCH], upstream: http://a}\n"), nil))
	if doc.Paths.Value("/token") != nil || doc.Paths.Value("/users/me") == nil || doc.Paths.Value("/token/refresh") == nil {
		t.Errorf("got %v", doc.Paths.InMatchingOrder())
	}
}

func TestOnlyForwardedPathsAreKept(t *testing.T) {
	t.Parallel()
	const more = "\n  - {name: private, path: /a/private, upstream: http://b}\n  - {name: one, path: /a/one, exact: true, upstream: http://b}\n"
	paths := []string{"/", "/a", "/a/", "/a/x", "/a/{id}", "/ab", "/b/a", "/a/private/x", "/a/one", "/a/one/x", "/a/../b", "/a//x", "/a/%2e", "/a/{x", "/a/x?y", "/a/<x>", "/docs", "/token", "a", "/base/a/y", "/base/z", "/a/{b}/{b"}
	for lines, want := range map[string]string{
		"path: /a, upstream: http://u":                                         "/a /a/ /a/one/x /a/x /a/{id}",
		"path: /a, methods: [PUT], upstream: http://u":                         "",
		"path: /a, exact: true, upstream: http://u":                            "/a",
		"path: /a, strip_prefix: true, upstream: http://u":                     "/a /a/a /a/a/ /a/a/one /a/a/one/x /a/a/private/x /a/a/x /a/a/{id} /a/ab /a/b/a /a/base/a/y /a/base/z /a/docs /a/token",
		"path: /a, upstream: http://u/base":                                    "/a/y",
		"path: /a, strip_prefix: true, upstream: http://u/base":                "/a/a/y /a/z",
		"path: /a, upstream: http://u, paths: raw":                             "/a /a/ /a//x /a/one/x /a/x /a/{id}",
		"path: /token, exact: true, methods: [PATCH, GET], upstream: http://u": "/token",
		"path: /, upstream: http://u":                                          "/ /a /a/ /a/one/x /a/x /a/{id} /ab /b/a /base/a/y /base/z", // the page at / gives way
	} {
		var items []string
		for _, path := range paths {
			items = append(items, fmt.Sprintf(`%q:{"get":{"responses":{"200":{"description":""}}}}`, path))
		}
		all := table(t, "\n  - {name: mine, "+lines+"}"+more)
		api, err := convert(t, all, "mine", `{"openapi":"3.1.0","paths":{`+strings.Join(items, ",")+`}}`)
		if want == "" {
			if err == nil {
				t.Errorf("%s: got %v, want an error", lines, api.Calls())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		got := api.Calls()
		slices.Sort(got)
		if text := strings.ReplaceAll(strings.Join(got, " "), "get ", ""); text != want {
			t.Errorf("%s:\n got %s\nwant %s", lines, text, want)
		}
	}
}

func TestTheFirstServersPathGoesBeforeThePaths(t *testing.T) {
	t.Parallel()
	for servers, want := range map[string]string{
		``: "", `[]`: "", `[{"url":"/"}]`: "", `[{"url":"/a"}]`: "get /a/x", `[{"url":"https://h:1/a/"}]`: "get /a/x", `[{"url":"https://h"}]`: "",
		`[{"url":"/{v}","variables":{"v":{"default":"a"}}}]`: "get /a/x", `[{"url":"/{v}"}]`: "", `[7]`: "", `{"url":"/a"}`: "", `[{"url":"a"}]`: "", `[{"url":"/a?b"}]`: "get /a/x",
	} {
		if servers != "" {
			servers = `"servers":` + servers + `,`
		}
		api, err := convert(t, table(t, "\n  - {name: a, path: /a, upstream: http://u}"), "a", `{"openapi":"3.1.0",`+servers+`"paths":{"/x":{"get":{}}}}`)
		got := ""
		if err == nil {
			got = strings.Join(api.Calls(), " ")
		}
		if got != want {
			t.Errorf("%s: got %q %v, want %q", servers, got, err, want)
		}
	}
}

func TestForeignDescriptionsAreBounded(t *testing.T) {
	t.Parallel()
	all := table(t, "\n  - {name: a, path: /a, upstream: http://u}")
	laughs := "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
	for i := 1; i < 10; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	const call = `"paths":{"/a":{"get":{}}}`
	for name, row := range map[string]struct{ text, want string }{
		"a billion laughs":               {laughs, "too many values"},
		"an alias of itself":             {"openapi: 3.1.0\npaths: &a\n  /a: *a\n", "nested too deeply"},
		"more than a mebibyte":           {`{"openapi":"` + strings.Repeat("3", 1<<20) + `"}`, "too large"},
		"deep JSON":                      {`{"a":` + strings.Repeat("[", 500_000), "nested too deeply"},
		"deep flow YAML":                 {"a: " + strings.Repeat("[", 190_000), "depth"},
		"deep block YAML":                {strings.Repeat("- ", 190_000) + "a", "depth"},
		"many questions":                 {strings.Repeat("? ", 190_000) + "a", "depth"},
		"many values":                    {`{"a":[` + strings.Repeat("1,", 200_000) + `1]}`, "too many values"},
		"many lines":                     {strings.Repeat("-\n", 500_000), "too many values"},
		"a member twice":                 {`{"openapi":"3.1.0","openapi":"3.1.0"}`, "twice"},
		"a member twice in YAML":         {"openapi: 3.1.0\nopenapi: 3.1.0", "line 2: has a member twice"},
		"names that are equal when seen": {`{"a":1,"a\u202e":1}`, "twice"},
		"something behind it":            {`{"openapi":"3.1.0",` + call + `} {}`, "follows its end"},
		"half of it":                     {`{"openapi":"3.1.0",` + call, "JSON, byte"},
		"nothing":                        {"", "no "},
		"a page":                         {"<!doctype html><title>a</title>", "is no object"},
		"version 2":                      {`{"swagger":"2.0",` + call + `}`, "version 3.0 or 3.1"},
		"version 3.2":                    {`{"openapi":"3.2.0",` + call + `}`, "version 3.0 or 3.1"},
		"no paths":                       {`{"openapi":"3.1.0"}`, "describes no call"},
		"paths of a wrong type":          {`{"openapi":"3.1.0","paths":[7]}`, "describes no call"},
		"a name that is a list":          {"? [a]\n: b\n", "no text"},
		"not a number":                   {"a: .nan\n", "number"},
	} {
		start := time.Now()
		_, err := convert(t, all, "a", row.text)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %.300v, want %q", name, err, row.want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// Names that become equal, references to all and a long list of choices must not take time that grows with their square.
func TestLargeDescriptionsTakeLinearTime(t *testing.T) {
	t.Parallel()
	all := table(t, "\n  - {name: a, path: /a, upstream: http://u}")
	var components, choices, required []string
	for i := range 8000 {
		name := string([]rune{rune(0x4e00 + i/100), rune(0x4e00 + i%100)})
		components = append(components, fmt.Sprintf("%q:{}", name))
		choices = append(choices, fmt.Sprintf(`{"$ref":"#/components/schemas/%s"}`, name))
		required = append(required, fmt.Sprintf(`"%d"`, i))
	}
	text := `{"openapi":"3.1.0","paths":{"/a":{"get":{"responses":{"200":{"description":"","content":{"a/b":{"schema":{"discriminator":{"propertyName":"a"},"required":[` +
		strings.Join(required, ",") + `],"oneOf":[` + strings.Join(choices, ",") + `]}}}}}}}},"components":{"schemas":{` + strings.Join(components, ",") + `}}}`
	start := time.Now()
	if _, err := convert(t, all, "a", text); err != nil {
		t.Fatalf("%d bytes: %v", len(text), err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v for %d bytes", took, len(text))
	}
}

func TestControlCharactersAreRemoved(t *testing.T) {
	t.Parallel()
	all := table(t, "\n  - {name: a, path: /a, upstream: http://u}")
	const text = "{\"openapi\":\"3.1.0\",\"paths\":{\"/a\":{\"get\":{\"summary\":\"a\\u0000b\\u202ec\\u001b[31m\\ud800d\\u0085\"}}}}"
	doc := valid(t, merged(t, all, map[string]string{"a": text}))
	if got := doc.Paths.Value("/a").Get.Summary; got != "abc[31m\ufffdd" {
		t.Errorf("got %q", got)
	}
}

func checkOwn(t *testing.T, all *route.Table, calls console.Calls, own []byte) {
	t.Helper()
	var before, after map[string]any
	for from, into := range map[*[]byte]*map[string]any{&own: &before, new(ownMerged(t, all, calls)): &after} {
		if err := json.Unmarshal(*from, into); err != nil {
			t.Fatal(err)
		}
	}
	delete(after, "x-tallygate-routes")
	delete(after["components"].(map[string]any)["securitySchemes"].(map[string]any), "apiKey")
	a, _ := json.Marshal(before)
	b, _ := json.Marshal(after)
	if !bytes.Equal(a, b) {
		i := 0
		for i < min(len(a), len(b)) && a[i] == b[i] {
			i++
		}
		t.Errorf("%+v: the own description has changed:\n%.300s\n%.300s", calls, a[max(0, i-100):], b[max(0, i-100):])
	}
}
