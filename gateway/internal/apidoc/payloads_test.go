package apidoc_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// payloads are 100 texts that run as scripts, load from elsewhere or change prototypes where a page is careless. The test of the real page
// in deploy/test/system reads them, too.
func payloads(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/payloads.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(text, &all); err != nil || len(all) != 100 {
		t.Fatalf("got %d payloads, %v", len(all), err)
	}
	return all
}

// TestScriptsAreTexts puts each payload wherever a description has a name or a text.
func TestScriptsAreTexts(t *testing.T) {
	t.Parallel()
	all := table(t, "\n  - {name: a, path: /a, upstream: http://u}")
	for _, payload := range payloads(t) {
		quoted, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(`{"openapi":"3.1.0","info":{"title":P,"description":P},"tags":[{"name":P}],"paths":{"/a":{"summary":P,"get":{"operationId":P,"tags":[P],"description":P,
			"externalDocs":{"url":P},"parameters":[{"name":P,"in":"query","description":P,"schema":{"enum":[P],"title":P,"pattern":P,"format":P}}],
			"requestBody":{"content":{"application/json":{"examples":{"e":{"summary":P,"value":{P:P}}}}}},"responses":{"200":{"description":P,"content":{P:{"schema":{"properties":{P:{"description":P,"default":P}}}}}}}}}},
			"components":{"schemas":{P:{}}}}`, "P", string(quoted))
		out := mergedInto(t, []byte(small), nil, all, map[string]string{"a": text})
		if bytes.ContainsAny(out, "<>&\u2028\u2029") {
			t.Errorf("%s: the description has signs of HTML", payload)
		}
		if bytes.Contains(out, []byte(`"url":"javascript`)) {
			t.Errorf("%s: a link runs it", payload)
		}
		doc := valid(t, out)
		if got := doc.Paths.Value("/a").Get.Description; got != payload {
			t.Errorf("got %q, want %q", got, payload)
		}
	}
}
