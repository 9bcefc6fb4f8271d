package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tallygate/kit/problem/catalog"
)

// unreleased stands where the gateway puts its version.
const unreleased = "dev"

// complete adds what holds for all operations: where they are, what the gateway itself responds, the types of problems, and
// examples.
func (d *document) complete(root string) error {
	d.Info["version"] = unreleased
	d.Servers = []map[string]any{{"url": "/", "description": "This gateway."}}
	for _, e := range catalog.All() {
		if !e.Internal {
			d.Problems = append(d.Problems, problem{e.Type(), e.Statuses, e.Title, e.Cause, e.Cure})
		}
	}
	for _, op := range d.operations() {
		if err := d.addGatewayResponses(op); err != nil {
			return err
		}
	}
	for _, own := range gatewayResponses() {
		if _, taken := d.Components["responses"][own.name]; !taken {
			d.Components["responses"][own.name] = own.response()
		}
	}
	return d.addExamples(root)
}

// problem is a type of problem, as the description has it.
type problem struct {
	Type     string `json:"type"`
	Statuses []int  `json:"statuses"`
	Title    string `json:"title"`
	Cause    string `json:"cause"`
	Cure     string `json:"cure"`
}

// operation is one operation, as it stands in the document.
type operation struct {
	id      string
	members map[string]any
}

func (d *document) operations() []operation {
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		item, _ := d.Paths[path].(map[string]any)
		for _, method := range []string{"get", "put", "post", "patch", "delete"} {
			if members, ok := item[method].(map[string]any); ok {
				id, _ := members["operationId"].(string)
				all = append(all, operation{id, members})
			}
		}
	}
	return all
}

// own is a response of the gateway itself.
type own struct {
	status, name, description string
	retry                     bool // it has Retry-After
	body                      bool // only operations with a body get it
	token                     bool // only operations with a token get it
}

// gatewayResponses are those that an operation can get. A path or a method that is in no description gets 404 or 405; a host that
// the gateway does not serve gets 421.
func gatewayResponses() []own {
	return []own{
		{status: "400", name: "Malformed", description: "The request is not valid HTTP, or can be read in two ways (malformed-request)."},
		{status: "408", name: "TooSlow", description: "The body comes too slowly (body-too-slow).", body: true},
		{status: "413", name: "TooLarge", description: "The body is too large (body-too-large).", body: true},
		{status: "414", name: "TargetTooLong", description: "The path and the query are too long together (target-too-long)."},
		{status: "429", name: "TooManyRequests", description: "A rate limit or a quota is used up.", retry: true, token: true},
		{status: "431", name: "HeadTooLarge", description: "The header fields are too large together, or too many (head-too-large)."},
		{status: "500", name: "Internal", description: "Something went wrong on our side (internal)."},
		{status: "502", name: "UpstreamFailed", description: "The service behind the gateway broke off, or gave an answer that is not valid HTTP (upstream-failed)."},
		{status: "503", name: "Unavailable", description: "Something that is needed is unavailable. Try again later.", retry: true},
		{status: "504", name: "UpstreamTimeout", description: "The service behind the gateway has not answered in time (upstream-timeout)."},
	}
}

func (o own) response() map[string]any {
	out := map[string]any{
		"description": o.description,
		"content":     map[string]any{"application/problem+json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Problem"}}},
	}
	if o.retry {
		out["headers"] = map[string]any{"Retry-After": map[string]any{"description": "Seconds to wait before the next try.", "schema": map[string]any{"type": "integer"}}}
	}
	return out
}

func (d *document) addGatewayResponses(op operation) error {
	responses, ok := op.members["responses"].(map[string]any)
	if !ok || op.id == "" {
		return errors.New("an operation has no operationId or no responses")
	}
	security, _ := op.members["security"].([]any)
	for _, own := range gatewayResponses() {
		if _, described := responses[own.status]; described || own.body && op.members["requestBody"] == nil || own.token && len(security) == 0 {
			continue
		}
		responses[own.status] = map[string]any{"$ref": responsesPrefix + own.name}
	}
	return nil
}

const (
	responsesPrefix = "#/components/responses/"
	examplesFile    = "deploy/openapi/examples.json"
)

// recorded is a response of a real instance. Problem is the last part of its type; a response without a type has none.
type recorded struct {
	Operation string          `json:"operation"`
	Status    string          `json:"status"`
	MediaType string          `json:"media_type"`
	Problem   string          `json:"problem,omitempty"`
	Body      json.RawMessage `json:"body"` // a string if it is no JSON
}

// addExamples puts recorded responses where the document describes them. Operations that share a response share its examples:
// one for each type of problem, and one for each operation otherwise.
func (d *document) addExamples(root string) error {
	text, err := os.ReadFile(filepath.Join(root, examplesFile))
	if err != nil {
		return err
	}
	var all []recorded
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("%s: %w", examplesFile, err)
	}
	byID := map[string]operation{}
	for _, op := range d.operations() {
		byID[op.id] = op
	}
	for _, one := range all {
		responses, _ := byID[one.Operation].members["responses"].(map[string]any)
		response, _ := responses[one.Status].(map[string]any)
		if ref, shared := response["$ref"].(string); shared {
			response, _ = d.Components["responses"][strings.TrimPrefix(ref, responsesPrefix)].(map[string]any)
		}
		content, _ := response["content"].(map[string]any)
		media, _ := content[one.MediaType].(map[string]any)
		if media == nil {
			return fmt.Errorf("%s: %s %s %s is not described any more: record the examples again (make examples)", examplesFile, one.Operation, one.Status, one.MediaType)
		}
		examples, _ := media["examples"].(map[string]any)
		if examples == nil {
			examples = map[string]any{}
			media["examples"] = examples
		}
		name := one.Problem
		if name == "" {
			name = one.Operation + "-" + one.Status
		}
		if one.MediaType == "application/json" && one.Status == "401" {
			name = "token-not-valid"
		}
		if _, has := examples[name]; !has {
			examples[name] = map[string]any{"value": one.Body}
		}
	}
	return nil
}
