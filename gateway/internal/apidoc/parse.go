package apidoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

var errNotObject = errors.New("is no object")

// parse reads JSON, or else YAML.
func parse(text []byte) (object, error) {
	if len(text) > maxBytes {
		return nil, errTooLarge
	}
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\uFEFF")), " \t\r\n")
	m := new(meter)
	var root any
	var err error
	if bytes.HasPrefix(text, []byte("{")) {
		root, err = parseJSON(m, text)
	} else {
		root, err = parseYAML(m, text)
	}
	if err != nil {
		return nil, err
	}
	o, ok := root.(object)
	if !ok {
		return nil, errNotObject
	}
	return o, nil
}

func parseJSON(m *meter, text []byte) (any, error) {
	p := &jsonParser{m, json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	root, err := p.value(0)
	if err == nil {
		if _, err = p.dec.Token(); errors.Is(err, io.EOF) {
			return root, nil
		}
		err = errors.New("something follows its end")
	}
	return nil, fmt.Errorf("JSON, byte %d: %w", p.dec.InputOffset(), err)
}

type jsonParser struct {
	*meter
	dec *json.Decoder
}

func (p *jsonParser) value(depth int) (any, error) {
	if err := p.meter.value(depth); err != nil {
		return nil, err
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case string:
		return p.string(t)
	case json.Number:
		return number(t), nil
	case json.Delim:
		if t == '{' {
			return p.object(depth)
		}
		return p.list(depth)
	}
	return token, nil // nil or a bool
}

func (p *jsonParser) object(depth int) (any, error) {
	o, seen := object{}, map[string]bool{}
	for p.dec.More() {
		name, err := p.dec.Token()
		if err != nil {
			return nil, err
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		text, _ := name.(string) // the decoder lets nothing else pass
		if err := p.add(&o, seen, text, value); err != nil {
			return nil, err
		}
	}
	_, err := p.dec.Token()
	return o, err
}

func (p *jsonParser) list(depth int) (any, error) {
	l := list{}
	for p.dec.More() {
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l = append(l, value)
	}
	_, err := p.dec.Token()
	return l, err
}
