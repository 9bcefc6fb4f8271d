package console_test

import (
	"bytes"
	"encoding/json"
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
		"/": "text/html; charset=utf-8", "/docs": "text/html; charset=utf-8", "/openapi.json": "application/json",
		"/console/style.css": "text/css; charset=utf-8",
	}
	for _, script := range []string{"console", "docs", "invitations", "keys", "page", "plans", "usage", "users"} {
		types["/console/"+script+".js"] = "text/javascript; charset=utf-8"
	}
	strong := regexp.MustCompile(`^"[0-9a-f]{16}"$`) // RFC 9110 section 8.8.3
	tags := map[string]string{}
	for path, want := range types {
		page := all[path]
		if page.ContentType != want || len(page.Body) == 0 || !strong.MatchString(page.ETag) {
			t.Errorf("%s: got %q, %d bytes, ETag %s", path, page.ContentType, len(page.Body), page.ETag)
		}
		if other, taken := tags[page.ETag]; taken {
			t.Errorf("%s and %s have the same ETag", path, other)
		}
		tags[page.ETag] = path
	}
	if len(all) != len(types) {
		t.Errorf("got %d pages, want %d", len(all), len(types))
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
			if _, exists := all[string(target[1])]; !exists {
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
		if found := shared.Find(bytes.ReplaceAll(page.Body, cleaning, nil)); found != nil && path != "/openapi.json" {
			t.Errorf("%s uses %s", path, found)
		}
		for _, tag := range script.FindAllSubmatch(page.Body, -1) {
			if len(tag[1]) == 0 {
				t.Errorf("%s: %q is no module: its names are global", path, tag[0])
			}
		}
	}
}
