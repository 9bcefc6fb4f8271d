// Package catalog names every type of problem that Tallygate's programs send, and says in plain words what it means and what to do.
//
// It refuses to know how a problem is sent: package problem does that.
package catalog

import "strings"

// Path begins every type. A type is a reference to the page about it, relative to the request's address (RFC 9457 section 3.1.1).
const Path = "/problems/"

// earlier began every type up to version 1.0.
const earlier = "urn:tallygate:problem:"

// Type is the type of the problem with this name.
func Type(name string) string { return Path + name }

// Is reports whether a type is that of the problem with this name, in today's form or in the earlier one: services of
// different versions run side by side.
func Is(typ, name string) bool { return typ == Type(name) || typ == earlier+name }

// Says reports whether a body is that of the problem with this name. It looks for the type as a JSON string, in both forms.
func Says(body []byte, name string) bool {
	text := string(body)
	return strings.Contains(text, `"`+Type(name)+`"`) || strings.Contains(text, `"`+earlier+name+`"`)
}
