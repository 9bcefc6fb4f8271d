package route

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"
)

// fileForm is a routes file as it is written. docs/routes.md explains the keys, docs/routes.schema.json describes them.
type fileForm struct {
	Routes []entry `yaml:"routes"`
}

type entry struct {
	Name           located[string]   `yaml:"name"`
	Path           located[string]   `yaml:"path"`
	Exact          located[bool]     `yaml:"exact"`
	Methods        []located[string] `yaml:"methods"`
	Upstream       oneOrMany         `yaml:"upstream"`
	Health         located[string]   `yaml:"health"`
	Auth           located[string]   `yaml:"auth"`
	IdentityHeader located[string]   `yaml:"identity_header"`
	Rate           located[string]   `yaml:"rate"`
	Burst          located[int]      `yaml:"burst"`
	MaxBody        located[string]   `yaml:"max_body"`
	Timeouts       timeouts          `yaml:"timeouts"`
	Retries        located[int]      `yaml:"retries"`
	StripPrefix    located[bool]     `yaml:"strip_prefix"`
	WebSocket      located[bool]     `yaml:"websocket"`
	CORS           *corsEntry        `yaml:"cors"`
}

type timeouts struct {
	Connect   located[string] `yaml:"connect"`
	FirstByte located[string] `yaml:"first_byte"`
	Progress  located[string] `yaml:"progress"`
}

type corsEntry struct {
	Origins []located[string] `yaml:"origins"`
	Headers []located[string] `yaml:"headers"`
	Expose  []located[string] `yaml:"expose"`
	MaxAge  located[string]   `yaml:"max_age"`
}

// ParseFile reads a routes file and adds its routes to the built-in ones; a route with a built-in's name takes its place.
// file is its name, for errors. All mistakes that can be found at once are joined; each is a *FileError.
func ParseFile(file string, text []byte, builtin []*Route) (*Table, error) {
	var form fileForm
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&form); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(file, err)
	}
	p := &parser{file: file, at: map[*Route]*token.Position{}}
	var own []*Route
	for i := range form.Routes {
		own = append(own, p.route(&form.Routes[i]))
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(builtin), func(b *Route) bool {
		return slices.ContainsFunc(own, func(r *Route) bool { return r.Name == b.Name })
	})
	table, err := NewTable(append(all, own...))
	if conflict, ok := errors.AsType[*ConflictError](err); ok {
		return nil, p.conflict(conflict)
	}
	return table, err
}

// parser turns entries into routes and collects the mistakes.
type parser struct {
	file string
	errs []error
	at   map[*Route]*token.Position
	here *token.Position // of the route that is being read
}

func (p *parser) fail(at *token.Position, format string, args ...any) {
	e := &FileError{File: p.file, Text: fmt.Sprintf(format, args...)}
	if at == nil {
		at = p.here
	}
	if at != nil {
		e.Line, e.Column = at.Line, at.Column
	}
	p.errs = append(p.errs, e)
}

// conflict puts an ambiguity where the later of the two routes stands.
func (p *parser) conflict(c *ConflictError) error {
	p.errs = nil
	p.here = p.at[c.Route]
	where := ""
	if other := p.at[c.Other]; other != nil && c.Other != c.Route {
		where = fmt.Sprintf(" (the other one is on line %d)", other.Line)
	}
	p.fail(nil, "%s%s", c.Error(), where)
	return p.errs[0]
}
