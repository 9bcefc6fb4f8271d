package apidoc

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// Bounds of one description.
const (
	maxBytes  = 1 << 20 // as it comes, decompressed
	maxDepth  = 100
	maxValues = 100_000 // an alias in YAML counts as what it stands for
	maxText   = 2 << 20 // bytes in all texts: aliases repeat them
	maxOutput = 4 << 20 // what is made of it, in which < is \u003c
)

var (
	errTooDeep  = errors.New("is nested too deeply: up to 100 levels are read")
	errTooMany  = errors.New("has too many values: up to 100,000 are read, with those that aliases repeat")
	errTooLarge = errors.New("is too large: up to 1 MiB is read")
	errTwice    = errors.New("has a member twice")
)

// A value of a description is nil, a bool, a string, a number, a list or an object.
type (
	number string // as JSON writes it
	list   []any
	member struct {
		name  string
		value any
	}
	object []member // in the order of the text
)

// get returns a member; nil if there is none.
func (o object) get(name string) any {
	for i := range o {
		if o[i].name == name {
			return o[i].value
		}
	}
	return nil
}

// has reports whether there is a member, whatever its value.
func (o object) has(name string) bool {
	return slices.ContainsFunc(o, func(m member) bool { return m.name == name })
}

// text returns a member that is a text that is not empty.
func (o object) text(name string) (string, bool) {
	s, ok := o.get(name).(string)
	return s, ok && s != ""
}

// inner returns a member that is an object; nil if it is none.
func (o object) inner(name string) object {
	in, _ := o.get(name).(object)
	return in
}

// with returns the object with a member set.
func (o object) with(name string, value any) object {
	for i := range o {
		if o[i].name == name {
			o[i].value = value
			return o
		}
	}
	return append(o, member{name, value})
}

// without returns the object without a member.
func (o object) without(name string) object {
	for i := range o {
		if o[i].name == name {
			return append(o[:i], o[i+1:]...)
		}
	}
	return o
}

// meter bounds what one text may become.
type meter struct{ values, text int }

func (m *meter) value(depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	if m.values++; m.values > maxValues {
		return errTooMany
	}
	return nil
}

func (m *meter) string(s string) (string, error) {
	if m.text += len(s); m.text > maxText {
		return "", errTooLarge
	}
	return clean(s), nil
}

// object collects members. A second one with a name is an error, because readers differ in which one they take.
func (m *meter) add(o *object, seen map[string]bool, name string, value any) error {
	name, err := m.string(name)
	if err != nil {
		return err
	}
	if seen[name] {
		return errTwice
	}
	seen[name] = true
	if name != "__proto__" { // it would change the object of a script that copies members
		*o = append(*o, member{name, value})
	}
	return nil
}

// clean removes what is not seen but changes how a text looks: control characters but tabs and line ends, and those that
// change the direction of what follows.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return r
		case unicode.IsControl(r), r == '\uFEFF', r == '\u061C', '\u200E' <= r && r <= '\u200F', '\u202A' <= r && r <= '\u202E', '\u2066' <= r && r <= '\u2069':
			return -1
		}
		return r
	}, s)
}
