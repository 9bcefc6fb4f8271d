package apidoc_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"tallygate/gateway/internal/apidoc"
	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/routefile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// table reads a routes file.
func table(t testing.TB, routes string) *route.Table {
	t.Helper()
	all, err := routefile.Parse("routes.yaml", []byte("routes:\n"+routes), route.Builtins{Auth: "auth:1", Math: "math:2"}.Routes())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func named(t testing.TB, all *route.Table, name string) *route.Route {
	t.Helper()
	for _, r := range all.Routes() {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no route %s", name)
	return nil
}

func pages(t testing.TB, calls console.Calls) (body []byte, paths []string) {
	t.Helper()
	all, err := console.Pages("on", calls)
	if err != nil {
		t.Fatal(err)
	}
	for path := range all {
		paths = append(paths, path)
	}
	return all[console.DescriptionPath].Body, append(paths, "/healthz", calls.Under+"/.well-known/jwks.json")
}

// convert converts one description for a route.
func convert(t testing.TB, all *route.Table, name, text string) (*apidoc.API, error) {
	t.Helper()
	return apidoc.Convert([]byte(text), named(t, all, name), all, []string{"/", "/docs", "/openapi.json", "/healthz"})
}

// merged joins descriptions, by the names of their routes, and checks the result.
func merged(t testing.TB, all *route.Table, texts map[string]string) []byte {
	t.Helper()
	body, paths := pages(t, console.Calls{})
	out := mergedInto(t, body, paths, all, texts)
	valid(t, out)
	return out
}

// mergedInto is merged with another description of the gateway's own.
func mergedInto(t testing.TB, body []byte, paths []string, all *route.Table, texts map[string]string) []byte {
	t.Helper()
	own, err := apidoc.NewOwn(body, paths)
	if err != nil {
		t.Fatal(err)
	}
	apis := map[string]*apidoc.API{}
	for name, text := range texts {
		if apis[name], err = convert(t, all, name, text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	out, left := apidoc.Merge(own, all, apis, 8<<20)
	if len(left) > 0 {
		t.Fatalf("left out: %v", left)
	}
	return out
}

// valid checks a description with a library.
func valid(t testing.TB, text []byte) *openapi3.T {
	t.Helper()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(text)
	if err != nil {
		t.Fatalf("%v in\n%.2000s", err, text)
	}
	if err := doc.Validate(loader.Context, openapi3.DisableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	return doc
}

// added is what the joined description has beside the gateway's own.
func added(t testing.TB, text []byte) []byte {
	t.Helper()
	var doc map[string]any
	own, _ := pages(t, console.Calls{})
	var before map[string]any
	for from, into := range map[string]*map[string]any{string(own): &before, string(text): &doc} {
		if err := json.Unmarshal([]byte(from), into); err != nil {
			t.Fatal(err)
		}
	}
	subtract(doc["paths"].(map[string]any), before["paths"].(map[string]any))
	for section, values := range doc["components"].(map[string]any) {
		if known, ok := before["components"].(map[string]any)[section].(map[string]any); ok {
			subtract(values.(map[string]any), known)
		}
	}
	doc["tags"] = doc["tags"].([]any)[len(before["tags"].([]any)):]
	for _, same := range []string{"info", "servers", "x-problems"} {
		delete(doc, same)
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func subtract(from, known map[string]any) {
	for name := range known {
		delete(from, name)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s", path, got)
	}
}

func file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ownMerged is the own description without any other.
func ownMerged(t testing.TB, all *route.Table, calls console.Calls) []byte {
	t.Helper()
	body, paths := pages(t, calls)
	own, err := apidoc.NewOwn(body, paths)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := apidoc.Merge(own, all, nil, 8<<20)
	valid(t, out)
	return out
}
