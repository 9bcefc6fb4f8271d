// Package console holds the gateway's own pages: the console at /, the API reference at /docs, and the OpenAPI
// description at /openapi.json. All of it is compiled in; nothing is fetched from another host.
//
// It refuses to know how pages are served. The pages have no rights of their own: they call the public API with the token
// of the user who has signed in. Upstreams behind the gateway have the same origin as the console, so nothing that a script of
// that origin can read holds a token: no storage, cookie, global variable or element. The tokens are in the scope of a module, and
// end with the page.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// Page is one document, ready to send.
type Page struct {
	ContentType string
	Body        []byte
	// Gzip is the body compressed, for those who accept that; nil: there is no such form.
	Gzip   func() []byte
	ETag   string // strong, with its quotes
	Policy string // Content-Security-Policy
	// CacheControl is for how long others may keep it; empty: they ask each time whether it has changed.
	CacheControl string
	Yields       bool // a route whose path covers it is preferred, also one with a shorter path
}

// GzipETag is the ETag of the compressed form: the two have different bytes.
func (p Page) GzipETag() string {
	return strings.TrimSuffix(p.ETag, `"`) + `-gzip"`
}

// policy lets pages use what the gateway itself serves, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// DescriptionPath is where the OpenAPI description is, behind the path of the pages.
const DescriptionPath = "/openapi.json"

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
	pages := map[string]Page{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		page, err := newPage(name, body, prefix, calls)
		if err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
		for _, path := range places(strings.TrimPrefix(name, "static/")) {
			pages[prefix+path] = page
		}
		return nil
	})
	if err == nil {
		err = addProblems(pages, prefix)
	}
	return pages, err
}

// places are the paths of a file in static. The console and the API reference are one page.
func places(name string) []string {
	switch name {
	case "index.html":
		return []string{"/", "/docs"}
	case "openapi.json":
		return []string{DescriptionPath}
	}
	return []string{"/console/" + name}
}

func newPage(name string, body []byte, prefix string, calls Calls) (Page, error) {
	var err error
	switch path.Ext(name) {
	case ".html":
		if body, err = preload(body); err == nil {
			body = calls.inPage(ownLink.ReplaceAll(body, []byte(`$1="`+prefix+`/`)))
		}
	case ".json":
		body, err = calls.inDescription(body)
	}
	if err != nil {
		return Page{}, err
	}
	return Page{ContentType: contentType(name), Body: body, Gzip: compressed(body), ETag: Tag(body), Policy: policy}, nil
}

// preload names every module in the page, so that the browser does not find them one after the other.
func preload(page []byte) ([]byte, error) {
	var links bytes.Buffer
	err := fs.WalkDir(static, "static", func(name string, _ fs.DirEntry, err error) error {
		if path.Ext(name) == ".js" {
			links.WriteString("  <link rel=\"modulepreload\" href=\"/console/" + strings.TrimPrefix(name, "static/") + "\">\n")
		}
		return err
	})
	return bytes.Replace(page, []byte("</head>"), append(links.Bytes(), "</head>"...), 1), err
}

// compressed is a body as small as it gets. It is compressed when it is first asked for: most pages never are, and all of them together
// take longer than the rest of the start.
func compressed(body []byte) func() []byte {
	return sync.OnceValue(func() []byte {
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is one that there is
		_, _ = w.Write(body)                                       // a buffer takes all
		_ = w.Close()
		return packed.Bytes()
	})
}

// WithBody is the page with another body, which its tag and its compressed form follow.
func (p Page) WithBody(body []byte) Page {
	p.Body, p.Gzip, p.ETag = body, compressed(body), Tag(body)
	return p
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
	case ".svg":
		return "image/svg+xml"
	}
	return "application/json"
}
