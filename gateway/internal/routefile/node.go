package routefile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// text is a text of the file and its place.
type text struct {
	value string
	at    *token.Position
}

// object is a mapping of the file: its known keys, with values that are not null.
type object struct {
	*parser

	prefix string // of the keys in error messages: "timeouts."
	values map[string]ast.Node
}

// keys are the known keys of an object.
type keys struct{ needed, others []string }

// object reads a mapping. Each unknown, duplicate or missing key is a mistake.
func (p *parser) object(node ast.Node, prefix, what string, k keys) (*object, bool) {
	o := &object{p, prefix, map[string]ast.Node{}}
	mapping, ok := p.resolve(node).(*ast.MappingNode)
	if !ok {
		p.fail(place(node), "%s", what)
		return nil, false
	}
	seen := map[string]bool{}
	for _, pair := range mapping.Values {
		at, name := place(pair.Key), strings.TrimSpace(pair.Key.String())
		if plain, ok := pair.Key.(*ast.StringNode); ok {
			name = plain.Value
		}
		switch {
		case !slices.Contains(k.needed, name) && !slices.Contains(k.others, name):
			p.fail(at, "%sunknown key %q", spaced(prefix), name)
		case seen[name]:
			p.fail(at, "%s%s: stands here a second time", prefix, name)
		case p.resolve(pair.Value).Type() == ast.NullType:
			p.fail(at, "%s%s: has no value", prefix, name)
		default:
			o.values[name] = pair.Value
		}
		seen[name] = true
	}
	for _, name := range k.needed {
		if !seen[name] {
			p.fail(place(node), "%s%s: is missing", prefix, name)
		}
	}
	return o, true
}

// spaced turns the prefix "timeouts." into "timeouts: ".
func spaced(prefix string) string {
	if prefix == "" {
		return ""
	}
	return strings.TrimSuffix(prefix, ".") + ": "
}

// has reports whether the object has the key with a value.
func (o *object) has(key string) bool { return o.values[key] != nil }

// inner reads the mapping under a key.
func (o *object) inner(key string, k keys) (*object, bool) {
	node := o.values[key]
	if node == nil {
		return nil, false
	}
	return o.object(node, o.prefix+key+".", o.prefix+key+": has to be keys with values", k)
}

// text reads a text of this form. Without the key, or with another value, ok is false.
func (o *object) text(key string, form *regexp.Regexp, what string) (text, bool) {
	node := o.values[key]
	if node == nil {
		return text{}, false
	}
	return o.scalar(node, o.prefix+key, form, what)
}

func (p *parser) scalar(node ast.Node, key string, form *regexp.Regexp, what string) (text, bool) {
	t := text{at: place(node)}
	switch n := p.resolve(node).(type) {
	case *ast.StringNode:
		t.value = n.Value
	case *ast.LiteralNode:
		t.value = n.Value.Value
	default:
		p.fail(t.at, "%s: is not text: %s", key, what)
		return t, false
	}
	if !form.MatchString(t.value) {
		p.fail(t.at, "%s: %q: %s", key, t.value, what)
		return t, false
	}
	return t, true
}

// list reads a list of texts of this form. If alone is set, one text without a list will do.
func (o *object) list(key string, alone bool, form *regexp.Regexp, what string) []text {
	node := o.values[key]
	if node == nil {
		return nil
	}
	nodes := []ast.Node{node}
	sequence, isList := o.resolve(node).(*ast.SequenceNode)
	switch {
	case isList && len(sequence.Values) == 0:
		o.fail(place(node), "%s%s: is an empty list", o.prefix, key)
		return nil
	case isList:
		nodes = sequence.Values
	case !alone:
		o.fail(place(node), "%s%s: has to be a list", o.prefix, key)
		return nil
	}
	var texts []text
	for _, item := range nodes {
		t, ok := o.scalar(item, o.prefix+key, form, what)
		if !ok {
			continue
		}
		if slices.ContainsFunc(texts, func(other text) bool { return other.value == t.value }) {
			o.fail(t.at, "%s%s: %q stands here twice", o.prefix, key, t.value)
			continue
		}
		texts = append(texts, t)
	}
	return texts
}

// flag reads true or false.
func (o *object) flag(key string, def bool) bool {
	node := o.values[key]
	if node == nil {
		return def
	}
	b, ok := o.resolve(node).(*ast.BoolNode)
	if !ok {
		o.fail(place(node), "%s%s: has to be true or false", o.prefix, key)
		return def
	}
	return b.Value
}

var wholeForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

// number reads a whole number in decimal. Parsers do not agree on YAML's other forms (0x2, 1_000, 010).
func (o *object) number(key string, def, from, to int) int {
	node := o.values[key]
	if node == nil {
		return def
	}
	if n, ok := o.resolve(node).(*ast.IntegerNode); ok && wholeForm.MatchString(n.Token.Value) {
		if number, _ := strconv.Atoi(n.Token.Value); from <= number && number <= to { // nine digits fit
			return number
		}
	}
	o.fail(place(node), "%s%s: has to be a whole number from %d to %d", o.prefix, key, from, to)
	return def
}

// resolve returns the value of an anchor or alias. An alias of itself stays an alias, which is valid nowhere.
func (p *parser) resolve(node ast.Node) ast.Node {
	for range 10 {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			anchored, ok := p.anchors[n.Value.String()]
			if !ok {
				return node
			}
			node = anchored
		default:
			return node
		}
	}
	return node
}

// anchors are the values that aliases may stand for.
type anchors map[string]ast.Node

// Visit implements ast.Visitor.
func (a anchors) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		a[anchor.Name.String()] = anchor.Value
	}
	return a
}

// place returns where a node begins. A mapping's own token is a colon inside of it.
func place(node ast.Node) *token.Position {
	if m, ok := node.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return place(m.Values[0].Key)
	}
	return node.GetToken().Position
}

// Error is a mistake in a routes file.
type Error struct {
	File         string
	Line, Column int
	Text         string
}

// Error begins with file:line:column, which editors and terminals turn into a link.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}
