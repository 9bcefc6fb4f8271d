// Package console holds the gateway's own pages: the console at /, the API reference at /docs, and the OpenAPI
// description at /openapi.json. All of it is compiled in; nothing is fetched from another host.
//
// It refuses to know how pages are served. The pages have no rights of their own: they call the public API with the token
// of the user who has signed in. Upstreams behind the gateway have the same origin as the console, so nothing that a script of
// that origin can read holds a token: no storage, cookie, global variable or element. The tokens are in the scope of a module, and
// end with the page.
package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

//go:embed static
var static embed.FS

// Page is one document, ready to send.
type Page struct {
	ContentType string
	Body        []byte
	ETag        string // strong, with its quotes
	Policy      string // Content-Security-Policy
	// CacheControl is for how long others may keep it; empty: they ask each time whether it has changed.
	CacheControl string
}

// policy lets pages use what the gateway itself serves, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// files maps a page's path to its file in static.
var files = map[string]string{ //nolint:gochecknoglobals // a constant that Go has no constant for
	"/":                       "index.html",
	"/docs":                   "docs.html",
	"/openapi.json":           "openapi.json",
	"/console/style.css":      "style.css",
	"/console/console.js":     "console.js",
	"/console/invitations.js": "invitations.js",
	"/console/keys.js":        "keys.js",
	"/console/page.js":        "page.js",
	"/console/plans.js":       "plans.js",
	"/console/usage.js":       "usage.js",
	"/console/users.js":       "users.js",
	"/console/docs.js":        "docs.js",
}

// place is a path that the pages can be moved under.
var place = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// ownLink is a link from one page to another.
var ownLink = regexp.MustCompile(`\b(href|src)="/`)

// IsPlace reports whether a path is one that pages and calls can be moved under, like /gate: segments of letters, digits and
// . _ ~ -, and no slash at the end.
func IsPlace(path string) bool {
	return place.MatchString(path) && !strings.Contains(path+"/", "/./") && !strings.Contains(path+"/", "/../")
}

// Pages returns every page by its exact path, for these calls. where is "on", "off" for no page at all, or a path like /gate under which the pages
// are instead of /. Its segments are letters, digits and . _ ~ -.
func Pages(where string, calls Calls) (map[string]Page, error) {
	prefix := ""
	switch {
	case where == "off":
		return nil, nil
	case IsPlace(where):
		prefix = where
	case where != "on":
		return nil, fmt.Errorf("%q is neither on nor off nor a path like /gate, without a slash at its end", where)
	}
	pages, err := at(prefix, calls)
	if prefix != "" && err == nil {
		pages[prefix] = pages[prefix+"/"]
	}
	return pages, err
}

// at returns the pages under prefix, with their links.
func at(prefix string, calls Calls) (map[string]Page, error) {
	pages := make(map[string]Page, len(files)+1)
	for at, name := range files {
		body, err := fs.ReadFile(static, path.Join("static", name))
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", at, err)
		}
		switch path.Ext(name) {
		case ".html":
			body = calls.inPage(ownLink.ReplaceAll(body, []byte(`$1="`+prefix+`/`)))
		case ".json":
			if body, err = calls.inDescription(body); err != nil {
				return nil, fmt.Errorf("page %s: %w", at, err)
			}
		}
		pages[prefix+at] = Page{ContentType: contentType(name), Body: body, ETag: Tag(body), Policy: policy}
	}
	return pages, nil
}

// Tag is the ETag of a body.
func Tag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return "application/json"
}
