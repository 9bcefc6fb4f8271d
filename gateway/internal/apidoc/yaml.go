package apidoc

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxSigns bounds the signs that a YAML text is structured by. Each may become a node, and nodes take far more memory than
// their text.
const maxSigns = 200_000

// parseYAML reads one document. Merge keys are not read; what has a tag of its own is the text that it is written as.
func parseYAML(m *meter, text []byte) (any, error) {
	signs := 0
	for _, b := range text {
		if strings.IndexByte("\n,:[{-?&*", b) >= 0 {
			signs++
		}
	}
	if signs > maxSigns {
		return nil, fmt.Errorf("YAML: %w", errTooMany)
	}
	var root yaml.Node
	err := yaml.Load(text, &root, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		return nil, fmt.Errorf("YAML: %w", err)
	}
	p := &yamlParser{m}
	value, err := p.value(&root, 0)
	if err != nil {
		return nil, fmt.Errorf("YAML: %w", err)
	}
	return value, nil
}

type yamlParser struct{ *meter }

func (p *yamlParser) value(n *yaml.Node, depth int) (any, error) {
	if err := p.meter.value(depth); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 1 {
			return p.value(n.Content[0], depth)
		}
	case yaml.AliasNode:
		return p.value(n.Alias, depth+1)
	case yaml.MappingNode:
		return p.object(n, depth)
	case yaml.SequenceNode:
		l := make(list, 0, len(n.Content))
		for _, item := range n.Content {
			value, err := p.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			l = append(l, value)
		}
		return l, nil
	case yaml.ScalarNode:
		return p.scalar(n)
	}
	return nil, errNotObject
}

func (p *yamlParser) object(n *yaml.Node, depth int) (any, error) {
	o, seen := object{}, map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: the name of a member is no text", key.Line)
		}
		value, err := p.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if err := p.add(&o, seen, key.Value, value); err != nil {
			return nil, fmt.Errorf("line %d: %w", key.Line, err)
		}
	}
	return o, nil
}

var errNumber = errors.New("is a number that JSON does not have")

func (p *yamlParser) scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil //nolint:nilnil // null is a value
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int":
		if i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err == nil {
			return number(strconv.FormatInt(i, 10)), nil
		}
		fallthrough
	case "!!float":
		f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, fmt.Errorf("line %d: %w", n.Line, errNumber)
		}
		return number(strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return p.string(n.Value)
}
