// Command openapi joins the services' descriptions of their public APIs into the one that the gateway serves at
// /openapi.json, and writes docs/problems.md. Run it in the repository's root after a change of a service's openapi.yaml or of
// kit/problem/catalog. A test fails if what it writes is out of date.
//
// It does not know what the descriptions say. It only checks that components with the same name are the same.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
)

func main() {
	release := flag.Bool("release", false, "keep the description as what was promised to clients")
	flag.Parse()
	do := run
	if *release {
		do = promise
	}
	if err := do("."); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	merged, err := merge(root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, target), merged, 0o644); err != nil { //nolint:gosec // a public document
		return err
	}
	return os.WriteFile(filepath.Join(root, problemsTarget), problems(), 0o644) //nolint:gosec // a public document
}

const target = "gateway/internal/console/static/openapi.json"

// sources are in the order in which the API reference shows them.
func sources() []string {
	return []string{"auth-service/openapi.yaml", "gateway/openapi.yaml", "math-service/openapi.yaml"}
}

// document is an OpenAPI description, with the members that joining needs.
type document struct {
	OpenAPI    string                    `yaml:"openapi" json:"openapi"`
	Info       map[string]any            `yaml:"info" json:"info"`
	Servers    []map[string]any          `yaml:"servers" json:"servers,omitempty"`
	Tags       []any                     `yaml:"tags" json:"tags,omitempty"`
	Security   []any                     `yaml:"security" json:"security,omitempty"`
	Paths      map[string]any            `yaml:"paths" json:"paths"`
	Components map[string]map[string]any `yaml:"components" json:"components"`
	Problems   []problem                 `yaml:"-" json:"x-problems,omitempty"`
}

// merge joins the sources below root into indented JSON.
func merge(root string) ([]byte, error) {
	var whole document
	for i, name := range sources() {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		var part document
		if err := yaml.UnmarshalWithOptions(text, &part, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if i == 0 {
			whole = part
			continue
		}
		if err := whole.add(part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := whole.complete(root); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(whole); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// add joins part into d. Only one source may have a path. Several sources may have a component if it is the same.
func (d *document) add(part document) error {
	for _, path := range slices.Sorted(maps.Keys(part.Paths)) {
		if _, taken := d.Paths[path]; taken {
			return fmt.Errorf("path %s is described already", path)
		}
		d.Paths[path] = part.Paths[path]
	}
	d.Tags = append(d.Tags, part.Tags...)
	for kind, named := range part.Components {
		if d.Components[kind] == nil {
			d.Components[kind] = map[string]any{}
		}
		for name, component := range named {
			if had, taken := d.Components[kind][name]; taken && !reflect.DeepEqual(had, component) {
				return fmt.Errorf("components.%s.%s differs from the one described already", kind, name)
			}
			d.Components[kind][name] = component
		}
	}
	return nil
}
