package console_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"tallygate/gateway/internal/console"
)

func pages(t *testing.T) map[string]console.Page {
	t.Helper()
	all, err := console.Pages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryPageIsReadyToSend(t *testing.T) {
	t.Parallel()
	all := pages(t)
	types := map[string]string{
		"/": "text/html; charset=utf-8", "/docs": "text/html; charset=utf-8", "/openapi.json": "application/json",
		"/console/style.css": "text/css; charset=utf-8", "/console/console.js": "text/javascript; charset=utf-8",
		"/console/docs.js": "text/javascript; charset=utf-8",
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
	for path, page := range pages(t) {
		if page.ETag != all[path].ETag {
			t.Errorf("%s: the ETag changes from one start to another", path)
		}
	}
}

// The policy blocks inline code, other hosts and frames. A page that needs them would not work, and has no need of them.
func TestPagesUseOnlyWhatTheirPolicyAllows(t *testing.T) {
	t.Parallel()
	all := pages(t)
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
