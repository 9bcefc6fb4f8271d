package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
)

const promised = "deploy/openapi/released.json"

// promise keeps the description that is served now, without what binds nobody: the examples and the table of problems. Later
// descriptions are compared with it.
func promise(root string) error {
	text, err := os.ReadFile(filepath.Join(root, target))
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	delete(doc, "x-problems")
	dropExamples(doc)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, promised), out.Bytes(), 0o644) //nolint:gosec // a public document
}

// dropExamples removes the examples of media types.
func dropExamples(value any) {
	switch value := value.(type) {
	case map[string]any:
		if _, isMedia := value["schema"]; isMedia {
			delete(value, "examples")
		}
		for _, member := range value {
			dropExamples(member)
		}
	case []any:
		for _, member := range value {
			dropExamples(member)
		}
	}
}
