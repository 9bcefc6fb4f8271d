// Package console holds the gateway's own pages: the console at /, the API reference at /docs, and the OpenAPI
// description at /openapi.json. All of it is compiled in; nothing is fetched from another host.
//
// It refuses to know how pages are served. The pages have no rights of their own: they call the public API with the token
// of the user who has signed in.
package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
)

//go:embed static
var static embed.FS

// Page is one document, ready to send.
type Page struct {
	ContentType string
	Body        []byte
	ETag        string // strong, with its quotes
	Policy      string // Content-Security-Policy
}

// policy lets pages use what the gateway itself serves, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// files maps a page's path to its file in static.
var files = map[string]string{ //nolint:gochecknoglobals // a constant that Go has no constant for
	"/":                   "index.html",
	"/docs":               "docs.html",
	"/openapi.json":       "openapi.json",
	"/console/style.css":  "style.css",
	"/console/console.js": "console.js",
	"/console/docs.js":    "docs.js",
}

// Pages returns every page by its exact path.
func Pages() (map[string]Page, error) {
	pages := make(map[string]Page, len(files))
	for at, name := range files {
		body, err := fs.ReadFile(static, path.Join("static", name))
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", at, err)
		}
		sum := sha256.Sum256(body)
		pages[at] = Page{ContentType: contentType(name), Body: body, ETag: `"` + hex.EncodeToString(sum[:8]) + `"`, Policy: policy}
	}
	return pages, nil
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
