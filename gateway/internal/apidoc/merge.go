package apidoc

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tallygate/gateway/internal/route"
)

// keyScheme is the security scheme of API keys, beside Tallygate's own, which is called token.
const keyScheme = "apiKey"

// own is the gateway's own description.
type own struct {
	root  object
	pages []string
}

func newOwn(text []byte, pages []string) (*own, error) {
	root, err := parseJSON(new(meter), text)
	if err != nil {
		return nil, err
	}
	o, ok := root.(object)
	if !ok || o.inner("paths") == nil || o.inner("components") == nil {
		return nil, fmt.Errorf("the gateway's own description %w", errNotObject)
	}
	return &own{o, pages}, nil
}

// served returns the own paths, without the calls that a route of the file has replaced.
func (w *own) served(table *route.Table) object {
	var paths object
	for _, m := range w.root.inner("paths") {
		match, found := table.Find([]byte(m.name))
		var item object
		calls := 0
		for _, part := range m.value.(object) {
			if slices.Contains(methods, part.name) {
				r, _, takes := match.Route([]byte(strings.ToUpper(part.name)))
				page := slices.Contains(w.pages, m.name) && match.Path != m.name
				if !page && (!found || !takes || !r.Builtin) {
					continue
				}
				calls++
			}
			item = append(item, part)
		}
		if calls > 0 {
			paths = append(paths, member{m.name, item})
		}
	}
	return paths
}

// merge joins the own description, those of the routes and the list of routes. bound is in bytes; left are the routes whose
// descriptions are too much.
func (w *own) merge(table *route.Table, apis map[string]*API, bound int) (body []byte, left []string) {
	paths, tags, sections := w.served(table), list{}, w.sections()
	tags = append(tags, w.root.get("tags").(list)...)
	described := map[string]bool{}
	total := len(written(w.root))
	for _, r := range table.Routes() {
		api := apis[r.Name]
		if api == nil {
			continue
		}
		if total += api.size; total > bound {
			total -= api.size
			left = append(left, r.Name)
			continue
		}
		described[r.Name] = true
		tags = append(tags, api.tag(r.Name))
		for _, c := range api.components {
			sections[c.section] = append(sections[c.section], member{c.name, c.body})
		}
	}
	paths = join(paths, table, apis, described)
	var out object
	for _, m := range w.root {
		switch m.name {
		case "tags":
			m.value = tags
		case "paths":
			m.value = paths
		case "components":
			m.value = inOrder(sections)
		}
		out = append(out, m)
	}
	var b bytes.Buffer
	write(&b, append(out, member{"x-tallygate-routes", listing(table, described)}))
	return b.Bytes(), left
}

// sections copies the own components.
func (w *own) sections() map[string]object {
	all := map[string]object{}
	for _, m := range w.root.inner("components") {
		section, _ := m.value.(object)
		all[m.name] = slices.Clone(section)
	}
	all["securitySchemes"] = append(all["securitySchemes"], member{keyScheme, object{
		{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}, {"description", "An API key, which begins with tg_. The field Authorization takes it, too."},
	}})
	return all
}

func inOrder(sections map[string]object) object {
	var out object
	for name, section := range sections {
		out = append(out, member{name, section})
	}
	slices.SortFunc(out, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return out
}

// join adds the calls of the routes to the paths. Calls of one path may come from several routes.
func join(paths object, table *route.Table, apis map[string]*API, described map[string]bool) object {
	at, spelled := map[string]int{}, map[string]string{}
	for i, m := range paths {
		at[m.name], spelled[templateForm.ReplaceAllString(m.name, "{}")] = i, m.name
	}
	for _, r := range table.Routes() {
		if !described[r.Name] {
			continue
		}
		for _, o := range apis[r.Name].operations {
			same := templateForm.ReplaceAllString(o.path, "{}")
			if other, taken := spelled[same]; taken && other != o.path {
				continue // two names for one path are not valid in one description
			}
			spelled[same] = o.path
			i, known := at[o.path]
			if !known {
				i = len(paths)
				at[o.path] = i
				paths = append(paths, member{o.path, object{}})
			}
			if item := paths[i].value.(object); item.get(o.method) == nil {
				paths[i].value = item.with(o.method, o.body)
			}
		}
	}
	return paths
}

// tag describes the route's calls together.
func (a *API) tag(name string) object {
	tag := object{{"name", name}}
	if a.about != "" {
		tag = append(tag, member{"description", a.about})
	}
	if a.title != "" {
		tag = append(tag, member{"x-tallygate-title", a.title})
	}
	return append(tag, member{"x-tallygate-route", name})
}
