package described_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

var update = flag.Bool("update", false, "record deploy/openapi/examples.json")

// TestEveryResponseIsAsDescribed drives every operation of /openapi.json against the real programs: every success, and every error
// that can be provoked in a short time. Each response has a status, a media type, fields and a body that the description has.
func TestEveryResponseIsAsDescribed(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{Auth: append(cluster.CheapPasswords(),
		"INTROSPECTION_SECRET="+introspectionSecret, "GUESS_FREE_PER_NAME=2", "GUESS_FREE_PER_ADDRESS=10000", "KEYS_PER_USER=2", "PUBLIC_URL=https://api.example.com")})
	c.CreateAdmin(t, "root", password)
	d := newDriver(t, c.Gateways[0].URL)
	root := d.signIn(t, "root", password).Token
	d.account(t)
	d.keys(t)
	d.factor(t)
	d.administration(t, root)
	d.refusals(t, root)
	d.conflicts(t, root)
	for typ := range d.types {
		if page := get(t, d.base+typ); page.status != http.StatusOK || !strings.Contains(page.body, typ) {
			t.Errorf("%s leads to %d", typ, page.status)
		}
	}
	d.closed(t, c.Auths[0], root)
	d.slow(t, c.Gateways[0], root)
	d.outages(t, c.Gateways[0], root)
	d.complete(t)
	if *update && !t.Failed() {
		d.write(t)
	}
}

// closed drives what other settings of auth-service refuse.
func (d *driver) closed(t *testing.T, auth *cluster.Process, root string) {
	t.Helper()
	restart(t, auth, "INTROSPECTION_SECRET=", "REGISTRATION=closed", "ADMIN_TOTP=required")
	testbed.Eventually(t, "the gateway to reach auth-service again", func() error {
		if got := get(t, d.base+"/users/me"); got.status != http.StatusUnauthorized {
			return fmt.Errorf("got %d", got.status)
		}
		return nil
	})
	d.send(t, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "POST", "/token/introspect", "token=x", 404)
	d.call(t, "", "POST", "/users/register", members{"username": "late", "password": password}, 403)
	d.call(t, root, "GET", "/admin/users", nil, 403)
}

// slow drives a route with a rate, whose upstream does not answer.
func (d *driver) slow(t *testing.T, gateway *cluster.Process, token string) {
	t.Helper()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes connections, and nobody reads
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	routes := filepath.Join(t.TempDir(), "routes.yaml")
	text := fmt.Sprintf("routes:\n  - { name: root, path: /root, upstream: \"http://%s\", rate: 1/h, timeouts: { first_byte: 100ms } }\n", silent.Addr())
	if err := os.WriteFile(routes, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	restart(t, gateway, "ROUTES_FILE="+routes)
	d.call(t, token, "GET", "/root?number=9&n=0.5", nil, 504)
	d.call(t, token, "GET", "/root?number=9&n=0.5", nil, 429)
}

// outages drives everything with an upstream that breaks off, and with none.
func (d *driver) outages(t *testing.T, gateway *cluster.Process, token string) {
	t.Helper()
	broken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := broken.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("nonsense\r\n\r\n")) // an error means that the gateway is gone
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = broken.Close() })
	for status, addr := range map[int]string{http.StatusBadGateway: broken.Addr().String(), http.StatusServiceUnavailable: testbed.FreeAddress(t)} {
		restart(t, gateway, "AUTH_URL=http://"+addr, "MATH_URL=http://"+addr)
		for _, op := range d.operations() {
			if !strings.HasPrefix(op.path, "/.well-known") { // the gateway itself responds
				d.call(t, token, op.method, op.filled(), nil, status)
			}
		}
	}
}

// restart starts a service again, with other settings.
func restart(t *testing.T, p *cluster.Process, settings ...string) {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	p.Settings = settings
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// complete reports what is described and was not driven.
func (d *driver) complete(t *testing.T) {
	t.Helper()
	// They need a slow client, a slow upstream, a flood or a defect.
	rare := []string{"408", "429", "500", "504"}
	crowded := map[string]string{"invite": "409", "putPlan": "409"} // after 10,000 of them
	for _, op := range d.operations() {
		for status := range op.Responses.Map() {
			own := strings.HasPrefix(op.path, "/.well-known") // the gateway itself responds
			if slices.Contains(rare, status) || crowded[op.OperationID] == status || own && (status == "502" || status == "503") {
				continue
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(d.driven[op.OperationID])), func(s int) bool { return fmt.Sprint(s) == status }) {
				t.Errorf("%s (%s %s): the response %s was not driven", op.OperationID, op.method, op.path, status)
			}
		}
	}
}

// write records the examples: a response of each kind of success, and one of each type of problem.
func (d *driver) write(t *testing.T) {
	t.Helper()
	text, err := json.MarshalIndent(d.record, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(testbed.Root(), "deploy/openapi/examples.json"), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEveryOperationHasExamplesThatAreValid: every described response with a body has one, unless a test cannot provoke it. The
// description itself is validated with its examples.
func TestEveryOperationHasExamplesThatAreValid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "gateway/internal/console/static/openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				if status >= "300" {
					continue
				}
				for media, content := range response.Value.Content {
					if len(content.Examples) == 0 {
						t.Errorf("%s %s %s %s has no example (make examples records them)", method, path, status, media)
					}
				}
			}
		}
	}
}
