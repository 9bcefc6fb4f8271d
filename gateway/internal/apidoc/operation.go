package apidoc

import (
	"regexp"
	"strings"
)

// methods are those of OpenAPI 3.1 that reach an upstream, in the order in which they are shown.
var methods = []string{"get", "post", "put", "patch", "delete", "head", "options"} //nolint:gochecknoglobals // a constant list

var operationKinds = map[string]kind{ //nolint:gochecknoglobals // a constant table
	"summary": aText, "description": aText, "deprecated": aFlag, "externalDocs": aLink,
}

// paths converts the calls that the route forwards.
func (c *converter) paths(from object, at *place) {
	seen := map[string]bool{}
	for _, m := range from {
		item, ok := m.value.(object)
		path, forwarded := at.public(m.name)
		if !ok || !forwarded {
			continue // it is another route's, or nobody's
		}
		same := templateForm.ReplaceAllString(path, "{}")
		if seen[same] {
			c.omit()
			continue
		}
		seen[same] = true
		for _, method := range methods {
			if from, ok := item.get(method).(object); ok && at.forwards(path, strings.ToUpper(method)) {
				body := written(c.operation(from, item, path, method))
				c.api.operations = append(c.api.operations, operation{path, method, body})
				c.api.size += len(body) + len(path) + len(method) + 8
			}
		}
	}
}

// operation converts one call. What holds for all calls of its path is put into it: calls of one path may belong to several routes.
func (c *converter) operation(from, item object, path, method string) object {
	out := object{{"tags", list{c.route.Name}}, {"x-tallygate-route", c.route.Name}}
	id, ok := from.text("operationId")
	if !ok {
		id = method + strings.TrimRight(otherSigns.ReplaceAllString(path, "-"), "-")
	}
	out = append(out, member{"operationId", c.unique("operation/", id)})
	out = append(out, c.keep(from, operationKinds)...)
	for _, name := range []string{"summary", "description"} {
		if text, ok := item.text(name); ok && out.get(name) == nil {
			out = append(out, member{name, text})
		}
	}
	if tags, ok := c.of(names, from.get("tags")).(list); ok {
		out = append(out, member{"x-tallygate-tags", tags})
	}
	if all := c.parameters(from, item, path); len(all) > 0 {
		out = append(out, member{"parameters", all})
	}
	if body, ok := from.get("requestBody").(object); ok && method != "head" {
		if body = c.refOr("requestBodies", body, c.requestBody); body != nil {
			out = append(out, member{"requestBody", body})
		}
	}
	if responses := c.responses(from.inner("responses")); len(responses) > 0 {
		out = append(out, member{"responses", responses})
	}
	security := list{}
	if !c.route.Public {
		security = list{object{{"token", list{}}}, object{{keyScheme, list{}}}}
	}
	return append(out, member{"security", security})
}

var statusForm = regexp.MustCompile(`^([1-5]([0-9]{2}|XX)|default)$`)

func (c *converter) responses(from object) object {
	var out object
	for _, m := range from {
		status := strings.Replace(m.name, "xx", "XX", 1)
		if !statusForm.MatchString(status) {
			continue // also what extends the format
		}
		if one := c.refOr("responses", m.value, c.response); one != nil && out.get(status) == nil {
			out = append(out, member{status, one})
		}
	}
	return out
}

func (c *converter) response(from object) object {
	description, _ := from.text("description")
	out := object{{"description", description}}
	if from.get("headers") != nil {
		if all := c.refsOr("headers", from.get("headers"), c.header); all != nil {
			out = append(out, member{"headers", all})
		}
	}
	return c.withContent(out, from)
}

func (c *converter) requestBody(from object) object {
	out := c.keep(from, map[string]kind{"description": aText, "required": aFlag})
	if out = c.withContent(out, from); out.get("content") == nil {
		return append(out, member{"content", object{}})
	}
	return out
}

// withContent adds the media types.
func (c *converter) withContent(out, from object) object {
	var content object
	for _, m := range from.inner("content") {
		if media, ok := m.value.(object); ok {
			content = append(content, member{m.name, c.media(media)})
		} else {
			c.omit()
		}
	}
	if content == nil {
		return out
	}
	return append(out, member{"content", content})
}

func (c *converter) media(from object) object {
	out := object{}
	if schema := from.get("schema"); schema != nil {
		out = append(out, member{"schema", c.schema(schema)})
	}
	var encoding object
	for _, m := range from.inner("encoding") {
		if one, ok := m.value.(object); ok {
			encoding = append(encoding, member{m.name, c.keep(one, map[string]kind{"contentType": aText, "explode": aFlag, "allowReserved": aFlag})})
		}
	}
	if encoding != nil {
		out = append(out, member{"encoding", encoding})
	}
	return c.withExamples(out, from)
}

// withExamples adds one example, or those that have names.
func (c *converter) withExamples(out, from object) object {
	if from.get("examples") != nil {
		if all := c.refsOr("examples", from.get("examples"), c.example); all != nil {
			return append(out, member{"examples", all})
		}
	}
	if from.has("example") {
		out = append(out, member{"example", from.get("example")})
	}
	return out
}

func (c *converter) example(from object) object {
	if !from.has("value") { // it stands in another document
		return c.omit()
	}
	return c.keep(from, map[string]kind{"summary": aText, "description": aText, "value": anything})
}
