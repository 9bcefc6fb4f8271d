package apidoc

import (
	"regexp"
	"slices"
	"strings"
)

var templateForm = regexp.MustCompile(`\{[^{}/]*\}`)

// styles are how a parameter may be written, by where it is.
var styles = map[string][]string{ //nolint:gochecknoglobals // a constant table
	"path": {"matrix", "label", "simple"}, "query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
	"header": {"simple"}, "cookie": {"form"},
}

// parameters converts those of a call and of its path. Each part of the path that is a parameter gets one.
func (c *converter) parameters(from, item object, path string) list {
	var out list
	seen := map[string]bool{}
	own, _ := from.get("parameters").(list)
	shared, _ := item.get("parameters").(list)
	for _, value := range slices.Concat(own, shared) {
		o, _ := value.(object)
		meant := o
		if ref, ok := o.text("$ref"); ok {
			_, found, _ := c.target("parameters", ref)
			meant, _ = found.(object)
		}
		name, _ := meant.text("name")
		in, _ := meant.text("in")
		key := in + " " + name
		switch {
		case name == "" || styles[in] == nil:
			c.omit()
			continue
		case seen[key], in == "header" && c.ours(name), in == "path" && !strings.Contains(path, "{"+name+"}"):
			continue
		}
		seen[key] = true
		if one := c.refOr("parameters", o, c.parameter); one != nil {
			out = append(out, one)
		}
	}
	for _, part := range templateForm.FindAllString(path, -1) {
		if name := part[1 : len(part)-1]; !seen["path "+name] {
			seen["path "+name] = true
			out = append(out, object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", object{{"type", "string"}}}})
		}
	}
	return out
}

// ours reports whether the gateway writes a header itself, or a part of the description other than its parameters says what it is.
func (c *converter) ours(name string) bool {
	for _, own := range []string{"Accept", "Content-Type", "Authorization", "X-API-Key", "X-User-Roles", c.route.IdentityHeader} {
		if strings.EqualFold(name, own) {
			return true
		}
	}
	return false
}

func (c *converter) parameter(from object) object {
	name, _ := from.text("name")
	in, _ := from.text("in")
	out := object{{"name", name}, {"in", in}}
	kinds := map[string]kind{"description": aText, "deprecated": aFlag, "explode": aFlag, "required": aFlag}
	if in == "query" {
		kinds["allowEmptyValue"], kinds["allowReserved"] = aFlag, aFlag
	}
	out = append(out, c.keep(from, kinds)...)
	if in == "path" {
		out = out.with("required", true)
	}
	if style, ok := from.text("style"); ok && slices.Contains(styles[in], style) {
		out = append(out, member{"style", style})
	}
	return c.withForm(out, from)
}

func (c *converter) header(from object) object {
	return c.withForm(c.keep(from, map[string]kind{"description": aText, "deprecated": aFlag, "explode": aFlag, "required": aFlag}), from)
}

// withForm adds what the values are: a schema, or one media type.
func (c *converter) withForm(out, from object) object {
	if schema := from.get("schema"); schema != nil {
		return c.withExamples(append(out, member{"schema", c.schema(schema)}), from)
	}
	with := c.withContent(object{}, from)
	content := with.inner("content")
	if len(content) == 0 {
		return c.withExamples(append(out, member{"schema", object{}}), from)
	}
	return append(out, member{"content", content[:1]})
}
