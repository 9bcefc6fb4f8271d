package console

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Calls says where the calls are that the pages make and describe.
type Calls struct {
	Under  string // a path before those of all calls, like /auth; mostly empty
	NoRoot bool   // there is no call /root
	// Version is the gateway's, which is the description's too; empty: the description keeps what it was made with.
	Version string
}

// inPage puts it into a page in HTML.
func (c Calls) inPage(body []byte) []byte {
	return bytes.Replace(body, []byte(`<meta name="calls" content="">`), []byte(`<meta name="calls" content="`+c.Under+`">`), 1)
}

const rootPath = "/root"

// inDescription puts it into the OpenAPI description.
func (c Calls) inDescription(body []byte) ([]byte, error) {
	if c.Version != "" {
		version, err := json.Marshal(c.Version)
		if err != nil {
			return nil, err
		}
		body = bytes.Replace(body, []byte(`"version": "dev"`), append([]byte(`"version": `), version...), 1)
	}
	if c.Under == "" && !c.NoRoot {
		return body, nil
	}
	var description, paths map[string]json.RawMessage
	if err := json.Unmarshal(body, &description); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(description["paths"], &paths); err != nil {
		return nil, err
	}
	if c.NoRoot {
		tags, err := withoutTagsOf(paths[rootPath], description["tags"])
		if err != nil {
			return nil, err
		}
		description["tags"] = tags
		delete(paths, rootPath)
	}
	// The paths are complete: those of the APIs behind the gate stand beside them, and are not under the same path.
	moved := make(map[string]json.RawMessage, len(paths))
	for path, item := range paths {
		moved[c.Under+path] = item
	}
	var err error
	if description["paths"], err = json.Marshal(moved); err != nil {
		return nil, err
	}
	return json.Marshal(description)
}

// withoutTagsOf removes the tags of a path from a list of tags.
func withoutTagsOf(path, list json.RawMessage) (json.RawMessage, error) {
	type tag struct {
		Name string `json:"name"`
	}
	var operations map[string]struct {
		Tags []string `json:"tags"`
	}
	var tags []tag
	if err := json.Unmarshal(path, &operations); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(list, &tags); err != nil {
		return nil, err
	}
	for _, operation := range operations {
		tags = slices.DeleteFunc(tags, func(t tag) bool { return slices.Contains(operation.Tags, t.Name) })
	}
	return json.Marshal(tags)
}
