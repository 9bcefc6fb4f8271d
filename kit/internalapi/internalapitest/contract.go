package internalapitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"tallygate/kit/internalapi"
)

// Contract is the description, ready to validate with. It is stricter than the two ends are with each other: they
// ignore members that they do not know, but neither may send what is not described. Safe for concurrent use.
type Contract struct {
	doc    *openapi3.T
	router routers.Router
}

// Load reads the description. It is an error if the description or one of its examples is not valid.
func Load() (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(internalapi.Description())
	if err != nil {
		return nil, fmt.Errorf("kit/internalapi/openapi.yaml: %w", err)
	}
	for _, schema := range doc.Components.Schemas {
		if schema.Value.Type.Is("object") {
			schema.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
		}
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("kit/internalapi/openapi.yaml: %w", err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("kit/internalapi/openapi.yaml: %w", err)
	}
	return &Contract{doc: doc, router: router}, nil
}

// Routes are the described calls, sorted: "GET /internal/users/{id}".
func (c *Contract) Routes() []string {
	var routes []string
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			routes = append(routes, method+" "+path)
		}
	}
	slices.Sort(routes)
	return routes
}

// Responses are the described responses, sorted: "GET /internal/users/{id} 200".
func (c *Contract) Responses() []string {
	var responses []string
	for path, item := range c.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				responses = append(responses, method+" "+path+" "+status)
			}
		}
	}
	slices.Sort(responses)
	return responses
}

// Route names the described call that r makes: "GET /internal/users/{id}".
func (c *Contract) Route(r *http.Request) (string, error) {
	route, _, err := c.router.FindRoute(r)
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	return route.Method + " " + route.Path, nil
}

// CheckRequest returns an error if r with this body is not as described.
func (c *Contract) CheckRequest(r *http.Request, body []byte) error {
	in, err := c.input(r, body)
	if err != nil {
		return err
	}
	for name := range r.URL.Query() {
		if in.Route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the parameter %q is not described", name)
		}
	}
	return openapi3filter.ValidateRequest(r.Context(), in)
}

// CheckResponse returns an error if a response to r is not as described.
func (c *Contract) CheckResponse(r *http.Request, status int, header http.Header, body []byte) error {
	in, err := c.input(r, nil)
	if err != nil {
		return err
	}
	if response := in.Route.Operation.Responses.Status(status); response != nil && response.Value.Content == nil && len(body) > 0 {
		return fmt.Errorf("a body of %d bytes is not described", len(body))
	}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Header: header, Options: in.Options,
		Body: io.NopCloser(bytes.NewReader(body)),
	})
}

func (c *Contract) input(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	copied := r.Clone(r.Context())
	copied.Body, copied.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}, nil
}

// Members are a JSON object.
type Members = map[string]any

// RequestExample is the description's example of an operation's body.
func (c *Contract) RequestExample(operation string) Members {
	return example(c.operation(operation).RequestBody.Value.Content)
}

// ResponseExample is the description's example of a response's body, nil if the response has none.
func (c *Contract) ResponseExample(operation string, status int) Members {
	response := c.operation(operation).Responses.Status(status)
	if response == nil {
		panic(fmt.Sprintf("kit/internalapi/openapi.yaml: %s has no response %d", operation, status))
	}
	return example(response.Value.Content)
}

func (c *Contract) operation(id string) *openapi3.Operation {
	for _, item := range c.doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.OperationID == id {
				return operation
			}
		}
	}
	panic(fmt.Sprintf("kit/internalapi/openapi.yaml: there is no operation %s", id))
}

// example is a copy of the one example in content. Numbers become json.Number, so that 2^53 and more stay exact.
func example(content openapi3.Content) Members {
	for _, media := range content {
		return copyOf(media.Example)
	}
	return nil
}

func copyOf(object any) Members {
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var copied Members
	if err := dec.Decode(&copied); err != nil {
		panic(err)
	}
	return copied
}

// ReadMembers reads a JSON object. It panics if text is not one.
func ReadMembers(text []byte) Members { return copyOf(json.RawMessage(text)) }
