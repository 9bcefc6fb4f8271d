package gateway_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"tallygate/deploy/internal/testbed"
)

const notesAPI = `openapi: 3.0.3
info: {title: Notes, version: "1"}
paths:
  /up/%s:
    get:
      summary: "<script>alert(1)</script>"
      responses:
        "200": {description: The note, content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}
components: {schemas: {Note: {type: string, nullable: true}}}
`

// describing is an upstream with a description that changes.
type describing struct {
	addr  string
	text  atomic.Pointer[string]
	asked atomic.Int64
	wrong atomic.Pointer[string] // what a request for the description had that it must not have
}

func newDescribing(t *testing.T, text string) *describing {
	t.Helper()
	d := new(describing)
	d.text.Store(&text)
	d.addr = serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/openapi.yaml" {
			return
		}
		d.asked.Add(1)
		for _, name := range []string{"Authorization", "X-Api-Key", "X-User-Id", "X-User-Roles", "Cookie", "X-Forwarded-For"} {
			if r.Header.Get(name) != "" {
				d.wrong.Store(&name)
			}
		}
		text := *d.text.Load()
		tag := fmt.Sprintf(`"%x"`, len(text))
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", tag)
		_, _ = io.WriteString(w, text)
	})
	return d
}

// describes waits until the gateway's description has a path. It checks the description each time.
func (g *gateway) describes(t *testing.T, client *http.Client, path string) {
	t.Helper()
	testbed.Eventually(t, path+" in the description", func() error {
		text, err := fetch(client, g.url("/openapi.json"))
		if err != nil {
			return err
		}
		loader := openapi3.NewLoader()
		doc, err := loader.LoadFromData([]byte(text))
		if err != nil {
			return err
		}
		if err := doc.Validate(loader.Context, openapi3.DisableExamplesValidation()); err != nil {
			t.Fatalf("the description is not valid: %v", err)
		}
		if strings.Contains(text, "<script") {
			t.Fatal("the description has a script")
		}
		if doc.Paths.Value(path) == nil {
			return errors.New("not yet")
		}
		return nil
	})
}

// logged waits for a line of the log.
func (g *gateway) logged(t *testing.T, words ...string) {
	t.Helper()
	testbed.Eventually(t, fmt.Sprintf("%q in the log", words), func() error {
		for line := range strings.Lines(g.Output()) {
			found := true
			for _, word := range words {
				found = found && strings.Contains(line, word)
			}
			if found {
				return nil
			}
		}
		return errors.New("no such line")
	})
}

const validMetric = `tallygate_gateway_api_description_valid{route="up"}`

func TestTheDescriptionFollowsTheUpstreams(t *testing.T) {
	t.Parallel()
	up := newDescribing(t, fmt.Sprintf(notesAPI, "first"))
	routes := and(route("up", "/up", []string{up.addr}, "auth: required", "openapi: /openapi.yaml"),
		and(route("plain", "/plain", []string{up.addr}, "auth: public"), route("hidden", "/hidden", []string{up.addr}, "roles: [ops]")))
	g, client := startGateway(t, routes), newClient(t)
	g.describes(t, client, "/up/first")

	change := func(text string) {
		up.text.Store(&text)
		g.signal(t, syscall.SIGHUP)
	}
	change(fmt.Sprintf(notesAPI, "second-path"))
	g.describes(t, client, "/up/second-path")
	change("openapi: 3.0.3\npaths: &a\n  /up/x: *a\n")
	g.logged(t, "API description cannot be used", `"route":"up"`, "nested too deeply")
	g.describes(t, client, "/up/second-path")
	if got := g.metric(t, validMetric); got != "0" {
		t.Errorf("the metric is %s", got)
	}
	change(fmt.Sprintf(notesAPI, "mended-again"))
	g.describes(t, client, "/up/mended-again")
	testbed.Eventually(t, "the metric", func() error {
		if got := g.metric(t, validMetric); got != "1" {
			return fmt.Errorf("is %s", got)
		}
		return nil
	})
	if wrong := up.wrong.Load(); wrong != nil {
		t.Errorf("a request for the description had the field %s", *wrong)
	}
	checkListing(t, client, g)
}

func checkListing(t *testing.T, client *http.Client, g *gateway) {
	t.Helper()
	text, err := fetch(client, g.url("/openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Routes []struct {
			Name, Path, Auth string
			Described        bool
		} `json:"x-tallygate-routes"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(doc.Routes), "[{up /up required true} {plain /plain public false}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheDescriptionHasATagAndACompressedForm(t *testing.T) {
	t.Parallel()
	up := newDescribing(t, fmt.Sprintf(notesAPI, "first"))
	g, client := startGateway(t, route("up", "/up", []string{up.addr}, "auth: public", "openapi: /openapi.yaml")), newClient(t)
	g.describes(t, client, "/up/first")
	get := func(header, value string) *http.Response {
		req, err := http.NewRequest(http.MethodGet, g.url("/openapi.json"), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, value)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	packed := get("Accept-Encoding", "gzip")
	in, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatalf("%v: %v", packed.Header, err)
	}
	text, err := io.ReadAll(in)
	if err != nil || !strings.Contains(string(text), `"/up/first"`) {
		t.Errorf("got %v, and %d bytes", err, len(text))
	}
	if again := get("If-None-Match", get("Accept-Encoding", "identity").Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("got %d for the tag", again.StatusCode)
	}
}

// An upstream may come after the gateway, and go.
func TestTheUpstreamOfADescriptionComesAndGoes(t *testing.T) {
	t.Parallel()
	addr := testbed.FreeAddress(t)
	speakPlain.Store(addr, nil)
	g, client := startGateway(t, route("up", "/up", []string{addr}, "auth: public", "openapi: /openapi.yaml")), newClient(t)
	g.logged(t, "API description cannot be used", `"route":"up"`)
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, notesAPI, "late") })}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	g.describes(t, client, "/up/late")
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Fatal(err)
	}
	g.signal(t, syscall.SIGHUP)
	testbed.Eventually(t, "the metric", func() error {
		if got := g.metric(t, validMetric); got != "0" {
			return fmt.Errorf("is %s", got)
		}
		return nil
	})
	g.describes(t, client, "/up/late")
}

func TestWithoutPagesNoUpstreamIsAsked(t *testing.T) {
	t.Parallel()
	up := newDescribing(t, fmt.Sprintf(notesAPI, "first"))
	other := newDescribing(t, fmt.Sprintf(notesAPI, "first"))
	routes := func(path string, from *describing) string {
		return route("up", path, []string{from.addr}, "auth: public", "openapi: /openapi.yaml")
	}
	g, client := startGateway(t, routes("/up", up), "PAGES=off"), newClient(t)
	asks := startGateway(t, routes("/up", other), "PAGES=/gate", "BUILTIN_PREFIX=/auth")
	testbed.Eventually(t, "the other gateway to ask", func() error {
		text, err := fetch(client, asks.url("/gate/openapi.json"))
		if err == nil && !(strings.Contains(text, `"/up/first"`) && strings.Contains(text, `"/auth/token"`)) {
			err = errors.New("not yet")
		}
		return err
	})
	g.write(t, routes("/moved", up))
	g.signal(t, syscall.SIGHUP)
	testbed.Eventually(t, "the new routes", func() error {
		_, err := fetch(client, g.url("/moved"))
		return err
	})
	if asked := up.asked.Load(); asked > 0 {
		t.Errorf("asked %d times", asked)
	}
}
