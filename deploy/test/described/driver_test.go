package described_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"tallygate/kit/problem/catalog"
)

// members is a JSON object.
type members = map[string]any

// driver makes calls, and validates every response by the description that the gateway serves.
type driver struct {
	base   string
	doc    *openapi3.T
	router routers.Router
	driven map[string]map[int]bool // by operationId
	types  map[string]bool         // of problems
	record []recorded
}

// recorded is an example, as deploy/openapi/examples.json has it.
type recorded struct {
	Operation string          `json:"operation"`
	Status    string          `json:"status"`
	MediaType string          `json:"media_type"`
	Problem   string          `json:"problem,omitempty"`
	Body      json.RawMessage `json:"body"`

	shared string // the component that several operations share; empty: none
}

// newDriver reads the description from a gateway, and checks it: the examples in it are validated, too.
func newDriver(t *testing.T, base string) *driver {
	t.Helper()
	resp := get(t, base+"/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(resp.body))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("the description is not valid: %v", err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &driver{base: base, doc: doc, router: router, driven: map[string]map[int]bool{}, types: map[string]bool{}}
}

// response is a response whose body was read.
type response struct {
	status int
	header http.Header
	body   string
}

// read reads the body into a struct or a map.
func (r response) read(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
}

func get(t *testing.T, url string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

func send(t *testing.T, req *http.Request) response {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{resp.StatusCode, resp.Header, string(body)}
}

// call sends a value as JSON, or a string as it is, and wants a status.
func (d *driver) call(t *testing.T, token, method, path string, value any, want int) response {
	t.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	var body string
	switch value := value.(type) {
	case nil:
	case string:
		body = value
		header.Set("Content-Type", "application/json")
	default:
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		body = string(text)
		header.Set("Content-Type", "application/json")
	}
	return d.send(t, header, method, path, body, want)
}

func (d *driver) send(t *testing.T, header http.Header, method, path, body string, want int) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	got := send(t, req)
	d.check(t, method, path, body, header, got, want)
	return got
}

// raw sends a request as it stands, which may be malformed.
func (d *driver) raw(t *testing.T, method, path, rest string, want int) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(d.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, path, rest); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	d.check(t, method, path, "", nil, response{resp.StatusCode, resp.Header, string(text)}, want)
}

// check validates a response by the description.
func (d *driver) check(t *testing.T, method, path, body string, header http.Header, got response, want int) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?tail=")
	name := method + " " + path
	if got.status != want {
		t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, want)
		return
	}
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	maps.Copy(req.Header, header)
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if route.Operation.Responses.Status(got.status) == nil {
		t.Errorf("%s: the description has no response %d", name, got.status)
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if got.status < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s %s: the request is not as described: %v", name, body, err)
		}
	}
	if err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.status, Header: got.header, Options: input.Options,
		Body: io.NopCloser(strings.NewReader(got.body)),
	}); err != nil {
		t.Errorf("%s: %d %s: %v", name, got.status, got.body, err)
	}
	for field := range route.Operation.Responses.Status(got.status).Value.Headers {
		unlimited := strings.HasPrefix(field, "RateLimit") && got.status != http.StatusTooManyRequests // it is there if a limit applies
		if got.header.Get(field) == "" && !unlimited {
			t.Errorf("%s: %d does not have the field %s", name, got.status, field)
		}
	}
	id := route.Operation.OperationID
	if d.driven[id] == nil {
		d.driven[id] = map[int]bool{}
	}
	d.driven[id][got.status] = true
	d.keep(t, id, route.Operation.Responses.Status(got.status).Ref, got)
}

// keep records an example, and checks that a problem is in the table.
func (d *driver) keep(t *testing.T, operation, shared string, got response) {
	t.Helper()
	media, _, _ := mime.ParseMediaType(got.header.Get("Content-Type"))
	if got.body == "" {
		return
	}
	one := recorded{Operation: operation, Status: strconv.Itoa(got.status), MediaType: media, shared: shared}
	if strings.HasSuffix(media, "json") {
		one.Body = json.RawMessage(got.body)
	} else {
		text, err := json.Marshal(got.body)
		if err != nil {
			t.Fatal(err)
		}
		one.Body = text
	}
	if media == "application/problem+json" {
		var problem struct{ Type string }
		got.read(t, &problem)
		one.Problem = strings.TrimPrefix(problem.Type, catalog.Path)
		d.types[problem.Type] = true
		if !slices.ContainsFunc(catalog.All(), func(e catalog.Entry) bool {
			return e.Type() == problem.Type && slices.Contains(e.Statuses, got.status)
		}) {
			t.Errorf("%s: %d %s is not in the table of problems", operation, got.status, problem.Type)
		}
	}
	same := func(r recorded) bool {
		here := r.Operation == operation || got.status >= 400 && shared != "" && r.shared == shared
		return here && r.Status == one.Status && r.MediaType == media && r.Problem == one.Problem
	}
	if !slices.ContainsFunc(d.record, same) {
		var b bytes.Buffer
		if err := json.Compact(&b, one.Body); err != nil {
			t.Errorf("%s: %v", operation, err)
		}
		one.Body = b.Bytes()
		d.record = append(d.record, one)
	}
}
