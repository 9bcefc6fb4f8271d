package console

import (
	"bytes"
	"embed"
	"html/template"
	"strings"

	"tallygate/kit/problem/catalog"
)

//go:embed templates
var templates embed.FS

// addProblems adds a page for each type of problem, and one that lists them. A problem's type is a path that no setting moves. So
// where the pages are moved, those about problems are at both places; at the path of the type they yield to every route.
func addProblems(pages map[string]Page, prefix string) error {
	layouts, err := template.ParseFS(templates, "templates/*.html")
	if err != nil {
		return err
	}
	add := func(path, layout string, data any) error {
		var body bytes.Buffer
		if err := layouts.ExecuteTemplate(&body, layout, data); err != nil {
			return err
		}
		page := Page{ContentType: contentType(layout), Body: body.Bytes(), Gzip: compressed(body.Bytes()), ETag: Tag(body.Bytes()), Policy: policy}
		pages[prefix+path] = page
		if prefix != "" {
			page.Yields = true
			pages[path] = page
		}
		return nil
	}
	all := catalog.All()
	for _, entry := range all {
		err := add(entry.Type(), "problem.html", struct {
			catalog.Entry

			Prefix, Example string
		}{entry, prefix, string(catalog.Example(entry))})
		if err != nil {
			return err
		}
	}
	return add(strings.TrimSuffix(catalog.Path, "/"), "problems.html", struct {
		Prefix  string
		Entries []catalog.Entry
	}{prefix, all})
}
