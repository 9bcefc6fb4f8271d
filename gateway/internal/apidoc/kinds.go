package apidoc

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// kind is what a member's value has to be.
type kind int

const (
	unknown kind = iota
	aText
	aNumber
	aCount // a whole number from 0 on
	aFlag
	aList
	anything
	names // texts, each once
	types // of JSON Schema
	aSchema
	schemas
	namedSchemas
	aDiscriminator
	aLink
)

var countForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,15})$`)

var jsonTypes = []string{"array", "boolean", "integer", "null", "number", "object", "string"} //nolint:gochecknoglobals // a constant list

// of returns the value if it is of the kind; nil if it is not.
func (c *converter) of(k kind, value any) any {
	switch v := value.(type) {
	case string:
		if k == aText || k == types && slices.Contains(jsonTypes, v) {
			return v
		}
	case number:
		if k == aNumber || k == aCount && countForm.MatchString(string(v)) {
			return v
		}
	case bool:
		if k == aFlag {
			return v
		}
	case list:
		if l := c.listOf(k, v); l != nil {
			return l
		}
	case object:
		return c.objectOf(k, v)
	}
	switch k {
	case anything:
		return value
	case aSchema:
		return c.schema(value)
	}
	return nil
}

func (c *converter) listOf(k kind, v list) list {
	switch k {
	case aList, anything:
		return v
	case names, types:
		out, seen := list{}, map[string]bool{"__proto__": true}
		for _, one := range v {
			s, isText := one.(string)
			if isText && !seen[s] && (k == names || slices.Contains(jsonTypes, s)) {
				out, seen[s] = append(out, s), true
			}
		}
		if len(out) > 0 {
			return out
		}
	case schemas:
		out := list{}
		for _, one := range v {
			out = append(out, c.schema(one))
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func (c *converter) objectOf(k kind, v object) any {
	switch k {
	case anything:
		return v
	case aSchema:
		return c.schema(v)
	case namedSchemas:
		out := object{}
		for _, m := range v {
			out = append(out, member{m.name, c.schema(m.value)})
		}
		return out
	case aDiscriminator:
		return c.discriminator(v)
	case aLink:
		return c.link(v)
	}
	return nil
}

// link keeps a link to the web. Other schemes could be scripts.
func (*converter) link(o object) any {
	address, _ := o.text("url")
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil
	}
	out := object{{"url", u.String()}}
	if about, ok := o.text("description"); ok {
		out = append(out, member{"description", about})
	}
	return out
}

// keep takes members that are of these kinds, in the order of the text.
func (c *converter) keep(from object, kinds map[string]kind) object {
	out := object{}
	for _, m := range from {
		k, known := kinds[m.name]
		if !known {
			continue
		}
		if kept := c.of(k, m.value); kept != nil || m.value == nil && k == anything {
			out = append(out, member{m.name, kept})
		} else if m.value != nil {
			c.omit()
		}
	}
	return out
}

// unescape decodes the percent-encoding of a reference, which may be wrong.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
