package apidoc

import (
	"regexp"
	"slices"
)

// schemaKinds are the keywords of JSON Schema 2020-12 that are kept, and what their values are. What is not here, like $id, $defs and
// $dynamicRef, is for documents that refer to others.
var schemaKinds = map[string]kind{ //nolint:gochecknoglobals // a constant table
	"title": aText, "description": aText, "format": aText, "pattern": aText, "contentMediaType": aText, "contentEncoding": aText,
	"multipleOf": aNumber, "maximum": aNumber, "minimum": aNumber, "exclusiveMaximum": aNumber, "exclusiveMinimum": aNumber,
	"maxLength": aCount, "minLength": aCount, "maxItems": aCount, "minItems": aCount, "maxProperties": aCount, "minProperties": aCount,
	"minContains": aCount, "maxContains": aCount,
	"uniqueItems": aFlag, "deprecated": aFlag, "readOnly": aFlag, "writeOnly": aFlag,
	"enum": aList, "examples": aList, "const": anything, "default": anything,
	"required": names, "type": types,
	"items": aSchema, "contains": aSchema, "additionalProperties": aSchema, "propertyNames": aSchema, "unevaluatedItems": aSchema,
	"unevaluatedProperties": aSchema, "not": aSchema, "if": aSchema, "then": aSchema, "else": aSchema, "contentSchema": aSchema,
	"allOf": schemas, "anyOf": schemas, "oneOf": schemas, "prefixItems": schemas,
	"properties": namedSchemas, "patternProperties": namedSchemas, "dependentSchemas": namedSchemas,
	"discriminator": aDiscriminator, "externalDocs": aLink,
}

// positiveForm is a number above 0, which the divisor of multipleOf has to be.
var positiveForm = regexp.MustCompile(`^[0-9.]*[1-9]`)

// maxChoices bounds the choices whose names are looked up.
const maxChoices = 500

// schema converts a schema. One that is wrong, or in another document, becomes the schema of everything.
func (c *converter) schema(value any) any {
	o, ok := value.(object)
	if !ok {
		if b, isBool := value.(bool); isBool {
			return b
		}
		c.omit()
		return object{}
	}
	var out object
	if ref, isRef := o.text("$ref"); isRef {
		if out, ok = c.refer("schemas", ref); !ok {
			c.omit()
			out = object{}
		}
		if c.old { // what stands beside a reference has no meaning there
			return out
		}
	}
	for _, m := range o {
		if m.name == "$ref" || c.old && c.isOld(m.name, m.value) {
			continue
		}
		if kept := c.kept(m.name, m.value); kept != nil || m.value == nil && schemaKinds[m.name] == anything {
			out = append(out, member{m.name, kept})
		}
	}
	if c.old {
		out = modern(o, out)
	} else if o.has("example") && !out.has("examples") {
		out = append(out, member{"examples", list{o.get("example")}})
	}
	if out == nil {
		return object{}
	}
	return c.mapped(out)
}

func (c *converter) kept(name string, value any) any {
	k, known := schemaKinds[name]
	if !known {
		return nil
	}
	kept := c.of(k, value)
	if n, isNumber := kept.(number); isNumber && name == "multipleOf" && !positiveForm.MatchString(string(n)) {
		kept = nil
	}
	if kept == nil && value != nil {
		c.omit()
	}
	return kept
}

// isOld reports whether a keyword means something else in version 3.0. modern deals with those.
func (*converter) isOld(name string, value any) bool {
	_, isBool := value.(bool)
	return isBool && (name == "exclusiveMaximum" || name == "exclusiveMinimum") || name == "examples" || name == "const"
}

// modern adds what a schema of version 3.0 says in other words.
func modern(old, out object) object {
	for _, b := range [][2]string{{"maximum", "exclusiveMaximum"}, {"minimum", "exclusiveMinimum"}} {
		if n, ok := out.get(b[0]).(number); ok && old.get(b[1]) == true {
			out = out.without(b[0]).with(b[1], n)
		}
	}
	if one, ok := out.get("type").(string); ok && old.get("nullable") == true {
		out = out.with("type", list{one, "null"})
	}
	switch out.get("format") {
	case "byte":
		out = out.without("format").with("contentEncoding", "base64")
	case "binary":
		out = out.without("format").with("contentMediaType", "application/octet-stream")
	}
	if old.has("example") {
		out = append(out, member{"examples", list{old.get("example")}})
	}
	return out
}

// mapped gives a discriminator the names that its values have had so far by themselves: those of components.
func (c *converter) mapped(o object) object {
	d := o.inner("discriminator")
	if d == nil {
		return o
	}
	known := d.inner("mapping")
	for _, several := range []string{"oneOf", "anyOf"} {
		choices, _ := o.get(several).(list)
		for _, choice := range choices[:min(len(choices), maxChoices)] {
			one, _ := choice.(object)
			ref, _ := one.text("$ref")
			old := c.olds[ref]
			if old != "" && known.get(old) == nil && !slices.ContainsFunc(known, func(m member) bool { return m.value == ref }) {
				known = append(known, member{old, ref})
			}
		}
	}
	if known == nil {
		return o
	}
	return o.with("discriminator", d.with("mapping", known))
}

func (c *converter) discriminator(o object) any {
	property, ok := o.text("propertyName")
	if !ok {
		return nil
	}
	out := object{{"propertyName", property}}
	var mapping object
	for _, m := range o.inner("mapping") {
		ref, _ := m.value.(string)
		target, ok := c.refer("schemas", ref)
		if !ok {
			if target, ok = c.refer("schemas", "#/components/schemas/"+toPointer(ref)); !ok {
				c.omit()
				continue
			}
		}
		mapping = append(mapping, member{m.name, target.get("$ref")})
	}
	if mapping != nil {
		out = append(out, member{"mapping", mapping})
	}
	return out
}
