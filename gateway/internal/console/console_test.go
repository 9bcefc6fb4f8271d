package console_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"path"
	"regexp"
	"strings"
	"testing"

	"tallygate/gateway/internal/console"
)

func pages(t *testing.T, where string) map[string]console.Page {
	t.Helper()
	all, err := console.Pages(where, console.Calls{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryPageIsReadyToSend(t *testing.T) {
	t.Parallel()
	all := pages(t, "on")
	types := map[string]string{
		"": "text/html; charset=utf-8", ".json": "application/json", ".css": "text/css; charset=utf-8",
		".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	strong := regexp.MustCompile(`^"[0-9a-f]{16}"$`) // RFC 9110 section 8.8.3
	tags := map[string]string{}
	for name, page := range all {
		want, known := types[path.Ext(name)]
		if !known || page.ContentType != want || len(page.Body) == 0 || !strong.MatchString(page.ETag) {
			t.Errorf("%s: got %q, %d bytes, ETag %s", name, page.ContentType, len(page.Body), page.ETag)
		}
		if other, taken := tags[page.ETag]; taken && string(all[other].Body) != string(page.Body) {
			t.Errorf("%s and %s have the same ETag", name, other)
		}
		tags[page.ETag] = name
	}
	for _, name := range []string{"/", "/docs", "/openapi.json", "/console/console.js", "/console/style.css", "/console/favicon.svg"} {
		if all[name].Body == nil {
			t.Errorf("there is no %s", name)
		}
	}
	if body := all["/openapi.json"].Body; !json.Valid(body) {
		t.Error("/openapi.json is not JSON")
	}
	for path, page := range pages(t, "on") {
		if page.ETag != all[path].ETag {
			t.Errorf("%s: the ETag changes from one start to another", path)
		}
	}
}

// TestTheFirstLoadIsSmall: a telephone with a slow connection gets the whole console, and finds every module in the page itself.
func TestTheFirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	all := pages(t, "on")
	sum := 0
	for name, page := range all {
		unpacked, err := gzip.NewReader(bytes.NewReader(page.Gzip()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if body, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(body, page.Body) {
			t.Errorf("%s: its compressed form has something else, or %v", name, err)
		}
		if name == "/docs" || name == "/openapi.json" || strings.HasPrefix(name, "/problems") { // the same page, and what only the reference reads
			continue
		}
		sum += len(page.Gzip())
		if path.Ext(name) == ".js" && !bytes.Contains(all["/"].Body, []byte(`href="`+name+`"`)) {
			t.Errorf("the page does not name %s", name)
		}
	}
	if sum > 100_000 {
		t.Errorf("the console has %d bytes", sum)
	}
	t.Logf("%d bytes", sum)
}

// The policy blocks inline code, other hosts and frames. A page that needs them would not work, and has no need of them.
func TestPagesUseOnlyWhatTheirPolicyAllows(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"on", "/gate", "/a/b.c"} {
		usesOnlyWhatItsPolicyAllows(t, pages(t, where))
	}
}

func usesOnlyWhatItsPolicyAllows(t *testing.T, all map[string]console.Page) {
	t.Helper()
	inline := regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
	link := regexp.MustCompile(`(?i)\b(?:src|href)="([^"]*)"`)
	links := 0
	for path, page := range all {
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(page.Policy, want) {
				t.Errorf("%s: %q is not in the policy %s", path, want, page.Policy)
			}
		}
		if strings.Contains(page.Policy, "unsafe") {
			t.Errorf("%s: the policy is %s", path, page.Policy)
		}
		if !strings.HasPrefix(page.ContentType, "text/html") {
			continue
		}
		if found := inline.Find(page.Body); found != nil {
			t.Errorf("%s: %s is blocked by the policy", path, found)
		}
		for _, target := range link.FindAllSubmatch(page.Body, -1) {
			links++
			if _, exists := all[string(target[1])]; !exists && target[1][0] != '#' {
				t.Errorf("%s: %s leads to no page", path, target[0])
			}
		}
	}
	if links == 0 {
		t.Error("no page has a link: the test looks for them in the wrong way")
	}
}

func TestPagesMoveUnderAPrefix(t *testing.T) {
	t.Parallel()
	here, there := pages(t, "on"), pages(t, "/gate")
	for path := range here {
		if page, ok := there["/gate"+path]; !ok || page.ContentType != here[path].ContentType {
			t.Errorf("/gate%s: got %q, want what is at %s", path, page.ContentType, path)
		}
	}
	maps.DeleteFunc(there, func(_ string, page console.Page) bool { return page.Yields })
	if len(there) != len(here)+1 || string(there["/gate"].Body) != string(there["/gate/"].Body) {
		t.Errorf("got %d pages, want each of %d once, and the console at /gate too", len(there), len(here))
	}
	// A cache that has seen one of them at another prefix must not take it for this one.
	if here["/"].ETag == there["/gate/"].ETag {
		t.Error("two pages with different links have one ETag")
	}
}

func TestPagesCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	if all := pages(t, "off"); len(all) > 0 {
		t.Errorf("got %d pages", len(all))
	}
}

func TestAPlaceThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, where := range []string{
		"", "true", "ON", "gate", "/", "//", "/gate/", "/a//b", "/a/..", "/../a", "/.", "/a b", "/a%20b", "/a?b", "/a\"b", "/a<b", "/\u00e9", "/a\n", "http://a/b",
	} {
		if _, err := console.Pages(where, console.Calls{}); err == nil || !strings.Contains(err.Error(), "neither on nor off nor a path") {
			t.Errorf("%q: got %v", where, err)
		}
	}
}

// Upstreams have the same origin as the console. What a script of theirs could read must not hold a token.
func TestThePagesKeepNothingWhereUpstreamsCouldReadIt(t *testing.T) {
	t.Parallel()
	shared := regexp.MustCompile(`(?i)(local|session)Storage|indexedDB|cookie|\bcaches\b|window\.|globalThis|BroadcastChannel|postMessage|history\.`)
	// It takes a reset token out of the address, and leaves nothing in the history.
	cleaning := []byte(`history.replaceState(null, "", location.pathname + location.search);`)
	script := regexp.MustCompile(`<script (type="module" )?`)
	for path, page := range pages(t, "on") {
		if path == "/console/console.js" && bytes.Contains(page.Body, []byte("\nexport ")) {
			t.Errorf("%s exports something: other modules of the page could get at the tokens", path)
		}
		if found := shared.Find(bytes.ReplaceAll(page.Body, cleaning, nil)); found != nil && path != "/openapi.json" && !strings.HasPrefix(path, "/problems") { // which have no script
			t.Errorf("%s uses %s", path, found)
		}
		for _, tag := range script.FindAllSubmatch(page.Body, -1) {
			if len(tag[1]) == 0 {
				t.Errorf("%s: %q is no module: its names are global", path, tag[0])
			}
		}
	}
}
