package apidoc_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// small is a description of the gateway's own, so that most of the time goes to the foreign one.
const small = `{"openapi":"3.1.0","info":{"title":"a","version":"1"},"tags":[],"paths":{},"components":{"securitySchemes":{"token":{"type":"http","scheme":"bearer"}}}}`

// FuzzConvert: whatever an upstream sends, the result is valid JSON without signs of HTML, and refers only to what it has.
func FuzzConvert(f *testing.F) {
	for _, name := range []string{"3.0.yaml", "3.1.json"} {
		f.Add([]byte(file(f, name)))
	}
	f.Add([]byte("openapi: 3.1.0\nx: &a [1]\npaths: {/files/a: {get: {parameters: [*a, {name: a, in: cookie, schema: true}]}}}"))
	f.Add([]byte(`{"openapi":"3.0.1","paths":{"/files/{a}":{"put":{"responses":{"default":{"content":{"a":{"encoding":{"b":{}}}}}}}}},"components":{"schemas":{"a":{"not":{"$ref":"#/components/schemas/a"}}}}}`))
	all := table(f, "\n  - {name: mine, path: /files, upstream: http://u, openapi: /a}\n  - {name: notes, path: /my, strip_prefix: true, upstream: http://u/v1, openapi: /a}")
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range []string{"mine", "notes"} {
			if _, err := convert(t, all, name, string(text)); err != nil {
				if strings.Contains(err.Error(), "cannot be read") {
					t.Fatal(err)
				}
				continue
			}
			checkInert(t, mergedInto(t, []byte(small), nil, all, map[string]string{name: string(text)}))
		}
	})
}

func checkInert(t *testing.T, out []byte) {
	t.Helper()
	if bytes.ContainsAny(out, "<>&") {
		t.Fatalf("signs of HTML in %s", out)
	}
	var doc map[string]any
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	sections, _ := doc["components"].(map[string]any)
	checkReferences(t, doc, sections)
}

// checkReferences finds references to nothing. What an API calls its values is no reference.
func checkReferences(t *testing.T, value any, sections map[string]any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			section, name, _ := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
			if known, _ := sections[section].(map[string]any); known[name] == nil {
				t.Fatalf("%s is a reference to nothing", ref)
			}
		}
		if properties, ok := v["properties"].(map[string]any); ok {
			for _, inner := range properties {
				checkReferences(t, inner, sections)
			}
		}
		for name, inner := range v {
			if !slices.Contains([]string{"example", "examples", "default", "enum", "const", "value", "properties"}, name) {
				checkReferences(t, inner, sections)
			}
		}
	case []any:
		for _, inner := range v {
			checkReferences(t, inner, sections)
		}
	}
}
