package route

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// located is a value of the file and where it stands.
type located[T any] struct {
	value T
	at    *token.Position // nil if the file does not have it
}

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (l *located[T]) UnmarshalYAML(node ast.Node) error {
	l.at = node.GetToken().Position
	if err := yaml.NodeToValue(node, &l.value, yaml.Strict()); err != nil {
		return err
	}
	return nil
}

// or is the value, or def if the file does not have it.
func (l *located[T]) or(def T) T {
	if l.at == nil {
		return def
	}
	return l.value
}

// oneOrMany is a value that may stand alone or in a list.
type oneOrMany struct{ list []located[string] }

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (o *oneOrMany) UnmarshalYAML(node ast.Node) error {
	if node.Type() == ast.SequenceType {
		return yaml.NodeToValue(node, &o.list, yaml.Strict())
	}
	var one located[string]
	if err := one.UnmarshalYAML(node); err != nil {
		return err
	}
	o.list = []located[string]{one}
	return nil
}

// FileError is a mistake in a routes file.
type FileError struct {
	File         string
	Line, Column int
	Text         string
}

// Error begins with file:line:column, which editors and terminals make a link of.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// yamlError finds out where a mistake of the YAML itself, or of a key or type, stands.
func yamlError(file string, err error) *FileError {
	out := &FileError{File: file, Text: err.Error()}
	if located, ok := errors.AsType[yaml.Error](err); ok {
		out.Text = located.GetMessage()
		if _, ok := errors.AsType[*yaml.TypeError](err); ok {
			out.Text = "this value has the wrong type"
		}
		if t := located.GetToken(); t != nil && t.Position != nil {
			out.Line, out.Column = t.Position.Line, t.Position.Column
		}
	}
	return out
}
