package apidoc

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"tallygate/gateway/internal/route"
)

// API is what a description says about the calls of one route, ready for the gateway's own description.
type API struct {
	title, about string // of the tag
	operations   []operation
	components   []component
	leftOut      int // parts that are wrong, or refer to other documents
	size         int // bytes
}

// operation is one call. path is the one that clients use.
type operation struct {
	path, method string
	body         raw
}

type component struct {
	section, name string
	body          raw
}

var (
	errVersion = errors.New("is no OpenAPI description of version 3.0 or 3.1")
	errNoPaths = errors.New("describes no call that the route forwards: its paths have to be those that the upstream gets")
	errOutput  = errors.New("becomes larger than 4 MiB")
)

var versionForm = regexp.MustCompile(`^3\.([01])(\.[0-9]{1,4})?$`)

// Convert checks a description, in JSON or YAML, and takes from it what the route forwards. It never panics: what the reader of YAML
// may do with foreign text must not end the gateway.
func Convert(text []byte, r *route.Route, table *route.Table, pages []string) (api *API, err error) {
	defer func() {
		if p := recover(); p != nil {
			api, err = nil, fmt.Errorf("cannot be read: %v", p)
		}
	}()
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	version, _ := root.text("openapi")
	parts := versionForm.FindStringSubmatch(version)
	if parts == nil {
		return nil, errVersion
	}
	c := newConverter(r, parts[1] == "0", root.inner("components"))
	info := root.inner("info")
	c.api.title, _ = info.text("title")
	c.api.about, _ = info.text("description")
	place := &place{route: r, table: table, pages: pages, server: serverPath(root)}
	c.paths(root.inner("paths"), place)
	if len(c.api.operations) == 0 {
		return nil, errNoPaths
	}
	if err := c.drain(); err != nil {
		return nil, err
	}
	return c.api, nil
}

// converter converts one description. Components are converted when something refers to them: those of calls that the route does not
// forward stay out.
type converter struct {
	api      *API
	route    *route.Route
	old      bool // the description is of version 3.0
	sections map[string]map[string]any
	names    map[string]string // new names, by section and old name
	olds     map[string]string // old names, by reference
	taken    map[string]bool   // new names with their section, and operation ids
	tried    map[string]int    // how often names were made from one text
	queue    []queued
}

type queued struct {
	section, old, name string
}

func newConverter(r *route.Route, old bool, components object) *converter {
	c := &converter{
		api: new(API), route: r, old: old, sections: map[string]map[string]any{},
		names: map[string]string{}, olds: map[string]string{}, taken: map[string]bool{}, tried: map[string]int{},
	}
	for _, section := range []string{"schemas", "responses", "parameters", "examples", "requestBodies", "headers"} {
		all := map[string]any{}
		for _, m := range components.inner(section) {
			all[m.name] = m.value
		}
		c.sections[section] = all
	}
	return c
}

// drain converts the components that something refers to, until nothing refers to another one.
func (c *converter) drain() error {
	for len(c.queue) > 0 {
		q := c.queue[0]
		c.queue = c.queue[1:]
		body := written(c.component(q.section, c.sections[q.section][q.old]))
		c.api.components = append(c.api.components, component{q.section, q.name, body})
		if c.api.size += len(body) + len(q.name) + 4; c.api.size > maxOutput {
			return errOutput
		}
	}
	return nil
}

func (c *converter) component(section string, value any) any {
	o, _ := value.(object)
	switch section {
	case "schemas":
		return c.schema(value)
	case "responses":
		return c.response(o)
	case "parameters":
		return c.parameter(o)
	case "examples":
		return c.example(o)
	case "requestBodies":
		return c.requestBody(o)
	}
	return c.header(o)
}

// Parts of a JSON Pointer (RFC 6901) escape two signs.
func fromPointer(part string) string {
	return strings.ReplaceAll(strings.ReplaceAll(unescape(part), "~1", "/"), "~0", "~")
}

func toPointer(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// target finds what a reference means: a component of the same document, after references to others. ok is false for anything
// else: another document, a part of a component, and references that go round in a circle.
func (c *converter) target(section, ref string) (name string, value any, ok bool) {
	for range 10 {
		if name, ok = strings.CutPrefix(ref, "#/components/"+section+"/"); !ok || strings.Contains(name, "/") {
			return "", nil, false
		}
		name = fromPointer(name)
		if value, ok = c.sections[section][name]; !ok {
			return "", nil, false
		}
		o, isObject := value.(object)
		if _, isBool := value.(bool); !isObject && (!isBool || section != "schemas") {
			return "", nil, false
		}
		if section == "examples" && !o.has("value") && !o.has("$ref") {
			return "", nil, false
		}
		if ref, ok = o.text("$ref"); !ok || section == "schemas" && len(o) > 1 && !c.old {
			return name, value, true
		}
	}
	return "", nil, false
}

// refer returns a reference to a component under its new name.
func (c *converter) refer(section, ref string) (object, bool) {
	old, _, ok := c.target(section, ref)
	if !ok {
		return nil, false
	}
	key := section + "/" + old
	name := c.names[key]
	if name == "" {
		name = c.unique(section+"/", old)
		c.names[key] = name
		c.olds["#/components/"+section+"/"+name] = old
		c.queue = append(c.queue, queued{section, old, name})
	}
	return object{{"$ref", "#/components/" + section + "/" + name}}, true
}

var otherSigns = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// unique returns a name that nothing else in the joined description has: that of the route, and after its last dot one that is taken
// once.
func (c *converter) unique(kind, old string) string {
	base := otherSigns.ReplaceAllString(old, "_")
	base = base[:min(len(base), 100)]
	name := base
	for c.taken[kind+name] {
		c.tried[kind+base]++
		name = fmt.Sprintf("%s-%d", base, c.tried[kind+base]+1)
	}
	c.taken[kind+name] = true
	return c.route.Name + "." + name
}

// refOr converts an object, or a reference to one; nil for anything else.
func (c *converter) refOr(section string, value any, convert func(object) object) object {
	o, ok := value.(object)
	if !ok {
		return c.omit()
	}
	if ref, isRef := o.text("$ref"); isRef {
		if o, ok = c.refer(section, ref); !ok {
			return c.omit()
		}
		return o
	}
	return convert(o)
}

// refsOr converts the values of an object; nil if none is left.
func (c *converter) refsOr(section string, value any, convert func(object) object) object {
	from, ok := value.(object)
	if !ok {
		return c.omit()
	}
	var all object
	for _, m := range from {
		if one := c.refOr(section, m.value, convert); one != nil {
			all = append(all, member{m.name, one})
		}
	}
	return all
}

// omit counts something that is left out.
func (c *converter) omit() object {
	c.api.leftOut++
	return nil
}
