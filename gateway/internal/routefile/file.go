package routefile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"tallygate/gateway/internal/route"
)

// Parse reads a routes file and adds its routes to the built-in ones. A route with the name of a built-in one replaces it.
// file is the file's name, for errors. The error joins all mistakes in the file's order; each is an *Error. A file
// without routes is a mistake, too: a file may be empty while it is written.
func Parse(file string, content []byte, builtin []*route.Route) (*route.Table, error) {
	p := &parser{file: file, anchors: anchors{}, named: map[string]bool{}, at: map[*route.Route]*token.Position{}}
	if root := p.document(content); root != nil {
		p.routes(root)
	}
	p.keepTallyFree(builtin)
	p.keepIdentitiesOut()
	all := slices.DeleteFunc(slices.Clone(builtin), func(b *route.Route) bool { return p.named[b.Name] })
	table, err := route.NewTable(append(all, p.own...))
	if conflicts, ok := errors.AsType[route.Conflicts](err); ok {
		for _, c := range conflicts {
			p.conflict(c)
		}
	}
	if len(p.errs) > 0 {
		return nil, p.joined()
	}
	return table, nil
}

// parser turns entries into routes and collects the mistakes.
type parser struct {
	file    string
	errs    []*Error
	anchors anchors
	named   map[string]bool                  // names that the file has
	own     []*route.Route                   // the file's routes, if name, path and methods are valid
	at      map[*route.Route]*token.Position // of their names

	identities []string // values of identity_header
	passed     []text   // values of pass_headers
}

func (p *parser) fail(at *token.Position, format string, args ...any) {
	p.errs = append(p.errs, &Error{p.file, at.Line, at.Column, fmt.Sprintf(format, args...)})
}

// joined returns all mistakes, in the file's order.
func (p *parser) joined() error {
	slices.SortStableFunc(p.errs, func(a, b *Error) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	all := make([]error, len(p.errs))
	for i, e := range p.errs {
		all[i] = e
	}
	return errors.Join(all...)
}

// document reads the YAML, which has to be one document.
func (p *parser) document(content []byte) ast.Node {
	start := &token.Position{Line: 1, Column: 1}
	if at := unreadable(content); at != nil {
		p.fail(at, "a byte that is not UTF-8, or a control character")
		return nil
	}
	// object reports duplicate keys, together with all other mistakes.
	file, err := yamlparser.ParseBytes(content, 0, yamlparser.AllowDuplicateMapKey())
	if err != nil {
		message, at := err.Error(), start
		if located, ok := errors.AsType[yaml.Error](err); ok {
			message = located.GetMessage()
			if t := located.GetToken(); t != nil && t.Position != nil {
				at = t.Position
			}
		}
		p.fail(at, "%s", message)
		return nil
	}
	var root ast.Node
	for i, doc := range file.Docs {
		if i > 0 && doc.Start != nil {
			p.fail(doc.Start.Position, "a second document: a routes file has one only")
			return nil
		}
		if root == nil {
			root = doc.Body
		}
	}
	if root == nil {
		p.fail(start, "routes: is missing")
		return nil
	}
	ast.Walk(p.anchors, root)
	return root
}

// unreadable returns the place of the first byte that YAML does not allow, or nil.
func unreadable(content []byte) *token.Position {
	at := &token.Position{Line: 1, Column: 1}
	for len(content) > 0 {
		r, size := utf8.DecodeRune(content)
		switch {
		case r == '\n':
			at.Line, at.Column = at.Line+1, 0
		case r == utf8.RuneError && size == 1, unicode.IsControl(r) && !strings.ContainsRune("\t\r\u0085", r):
			return at
		}
		at.Column++
		content = content[size:]
	}
	return nil
}

func (p *parser) routes(root ast.Node) {
	o, ok := p.object(root, "", "a routes file begins with routes:", keys{needed: []string{"routes"}})
	if !ok || !o.has("routes") {
		return
	}
	node := o.values["routes"]
	list, ok := p.resolve(node).(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		p.fail(place(node), "routes: has to be a list of at least one route")
		return
	}
	for _, entry := range list.Values {
		p.route(entry)
	}
}

// conflict reports an ambiguity at the later of the two routes.
func (p *parser) conflict(c route.Conflict) {
	where := ""
	if other := p.at[c.Other]; other != nil {
		where = fmt.Sprintf(" (the other one is on line %d)", other.Line)
	}
	p.fail(p.at[c.Route], "%s%s", c.Text, where)
}
