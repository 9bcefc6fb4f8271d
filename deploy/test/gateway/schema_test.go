package gateway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"tallygate/deploy/internal/testbed"
)

// entryWith is a routes file with one route that has these lines too.
func entryWith(lines ...string) string {
	return "routes:\n  - name: a\n    path: /a\n    upstream: http://a\n    " + strings.Join(lines, "\n    ") + "\n"
}

// entry is a routes file with one route that has the required keys only.
func entry(name, path, upstream string) string {
	return "routes:\n  - {name: " + name + ", path: " + path + ", upstream: " + upstream + "}\n"
}

// goodFiles are valid for the gateway and for the schema.
func goodFiles() []string {
	return []string{
		entryWith("exact: true", "methods: [GET, PROPFIND]", "health: /livez?full=1&a=%20", "auth: required", "identity_header: X-Account"),
		entryWith("rate: 100/s", "burst: 1"), entryWith("rate: 1 / h"), entryWith("max_body: 2GiB"), entryWith("max_body: 10 MB"), entryWith("max_body: 0"),
		entryWith("max_body: 999999999999"), entryWith("max_body: '7'"), entryWith("max_body: 999999TiB"),
		entryWith("timeouts: {connect: 100ms, first_byte: 1m30s, progress: 1.5h}"), entryWith("timeouts: {}"),
		entryWith("retries: 0"), entryWith("retries: 10"), entryWith("strip_prefix: true", "via: false", "websocket: false"), entryWith("informational: true"), entryWith("auth: public"), entryWith("streams: until_closed"), entryWith("auth: required", "streams: 'until_closed'"),
		entryWith("cors: {origins: ['https://*.preview.example.test', 'http://localhost:*', 'https://*.a:*']}"),
		entryWith(`cors: {origins: ["*"]}`), entryWith("cors: {origins: ['https://a.example', 'http://[::1]:8080', 'chrome-extension://abc'], headers: [X-A], expose: [X-B], max_age: 1h}"),
		entryWith("pass_headers: [X-HTTP-Method-Override, X-Original-Filename, x.custom]"), entryWith("pass_headers:\n      - 'X|Y'"),
		entryWith("paths: raw", "exact: false"), entryWith("strip_prefix: true", "paths: 'raw'"),
		entry("a", "/", "http://a/"), entry("a.b_c-9", "/A/b.c/~d/_-", "['http://a:1', 'http://[::1]:65535', 'http://10.0.0.1:65534']"), entry("token", "/token", "http://a_b.c:9000"),
		entryWith("forward_token: true"), entryWith("forward_token: false", "authorization: /run/secrets/a"), entryWith("authorization: {file: a b}"), entryWith("authorization: 'C:\\a'"),
		entryWith("auth: public", "authorization: ../a"),
		entry("a", "/a", "http://a/base"), entry("a", "/a", "http://a:1/b/c.d/~e/"), entry("a", "/a", "['http://a/b', 'http://c/b/']"),
		entry("a", "/a", "'unix:/run/a.sock'"), entry("a", "/a", "'unix:///run/a@b+c,d:e=1.sock'"), entry("a", "/a", "['unix:/a', 'unix:/b', 'http://a']"),
		entry("a", "/a", "https://a"), entry("a", "/a", "['https://a:8443/b/', 'https://[::1]/b']"), entry("a", "/a", "https://a, tls: {}"),
		entry("a", "/a", "https://a, tls: {ca: /run/ca.pem, cert: c.pem, key: 'C:\\k.pem', server_name: a_b.example}"),
		entryWith("health: {}"), entryWith("health: {path: /livez, host: 'a.example:81', status: [200, 301-302, '401'], interval: 5s, timeout: 2s, failures: 1}"),
		entryWith("health: {path: /a, status: 204}"), entryWith("health: {path: /a, status: 200-399}"), entryWith("health: {interval: 1h}"),
		entryWith("openapi: /openapi.json?v=3"), entryWith("openapi: true"), entryWith("openapi: false"), entryWith("openapi: {file: api.yaml}"), entryWith("auth: public", "openapi: '/a%20b'"),
		entryWith("host: client"), entryWith("host: upstream"), entryWith("host: a_b.example:8080"), entryWith("host: '[::1]:80'"),
		"# yaml-language-server: $schema=./routes.schema.json\n---\n" + entry("a", "/a", "http://a"),
		"routes:\n  - &a {name: a, path: /a, upstream: &u http://a, cors: &c {origins: ['*']}}\n  - {name: b, path: /b, upstream: *u, cors: *c}\n",
	}
}

// badFiles are invalid for both.
func badFiles() []string {
	return []string{
		"", "routes:\n", "routes: []\n", "routes: 7\n", "- a\n", "a\n", "roots: []\n", "routes:\n  -\n", "routes:\n  - {}\n", "routes:\n  - a\n",
		"routes:\n  - {name: a, path: /a}\n", "routes:\n  - {name: a, upstream: http://a}\n", "routes:\n  - {path: /a, upstream: http://a}\n",
		entry("A", "/a", "http://a"), entry("12", "/a", "http://a"), entry("-a", "/a", "http://a"), entry("null", "/a", "http://a"), entry("true", "/a", "http://a"),
		entry("a", "a", "http://a"), entry("a", "/a/", "http://a"), entry("a", "/a//b", "http://a"), entry("a", "/a/../b", "http://a"), entry("a", "/.", "http://a"), entry("a", "/ä", "http://a"),
		entry("a", "/a", "ftp://a"), entry("a", "/a", "HTTP://a"), entry("a", "/a", "https://a:0"), entry("a", "/a", "http://a:0"), entry("a", "/a", "http://a:65536"),
		entry("a", "/a", "http://a:99999"), entry("a", "/a", "'http://a:'"), entry("a", "/a", "http://u@a"), entry("a", "/a", "[]"), entry("a", "/a", "[http://a, http://a]"),
		entry("a", "/a", "7"), entry("a", "/a", "http://ä"),
		entry("a", "/a", "http://a//b"), entry("a", "/a", "http://a/b//"), entry("a", "/a", "http://a/../b"), entry("a", "/a", "http://a/b/."), entry("a", "/a", "http://a/b%20"), entry("a", "/a", "'http://a/b?c'"), entry("a", "/a", "http://a/ä"),
		entry("a", "/a", "'unix:a.sock'"), entry("a", "/a", "'unix:'"), entry("a", "/a", "'unix:/'"), entry("a", "/a", "'unix://a/b'"), entry("a", "/a", "'unix:/a/'"), entry("a", "/a", "'unix:/a/../b'"), entry("a", "/a", "'unix:/a b'"),
		entry("a", "/a", "https://a, tls: /run/ca.pem"), entry("a", "/a", "https://a, tls: {verify: false}"), entry("a", "/a", "https://a, tls: {insecure: true}"), entry("a", "/a", "https://a, tls: {cert: a}"), entry("a", "/a", "https://a, tls: {key: a}"),
		entry("a", "/a", "https://a, tls: {ca: ''}"), entry("a", "/a", "https://a, tls: {ca: [a]}"), entry("a", "/a", "https://a, tls: {server_name: 'a:1'}"), entry("a", "/a", "https://a, tls: {server_name: 7}"),
		entryWith("health: [/a]"), entryWith("health: {page: /a}"), entryWith("health: {path: a}"), entryWith("health: {host: a}"), entryWith("health: {status: 200}"), entryWith("health: {path: /a, status: 199}"), entryWith("health: {path: /a, status: 600}"),
		entryWith("health: {path: /a, status: 2xx}"), entryWith("health: {path: /a, status: []}"), entryWith("health: {path: /a, status: [ok]}"), entryWith("health: {path: /a, timeout: 2}"), entryWith("health: {path: /a, failures: 0}"), entryWith("health: {path: /a, failures: 11}"), entryWith("health: {path: /a, failures: '2'}"), entryWith("health: {path: /a, host: 'a:65536'}"),
		entryWith("openapi:"), entryWith("openapi: 1"), entryWith("openapi: yes"), entryWith("openapi: api.yaml"), entryWith("openapi: 'file:api.yaml'"), entryWith("openapi: https://a/openapi.json"), entryWith("openapi: {}"), entryWith("openapi: {path: /a}"),
		entryWith("openapi: {file: 7}"), entryWith("openapi: [/a]"), entryWith("openapi: '/a b'"), entryWith("openapi: ''"),
		entryWith("host:"), entryWith("host: ''"), entryWith("host: 7"), entryWith("host: 'a b'"), entryWith("host: 'http://a'"), entryWith("host: a/b"), entryWith("host: 'a:0'"), entryWith("host: 'a:65536'"), entryWith("host: [a]"),
		entryWith("colour: red"), entryWith("exact: 1"), entryWith("exact: yes"), entryWith("exact:"),
		entryWith("methods:"), entryWith("methods: []"), entryWith("methods: GET"), entryWith("methods: [get]"), entryWith("methods: [CONNECT]"), entryWith("methods: [TRACE]"), entryWith("methods: [GET, GET]"),
		entryWith("health: livez"), entryWith("health: /ä"), entryWith("health: '/a b'"), entryWith("health: '/a#b'"), entryWith("health: /%z"), entryWith("health:"),
		entryWith("auth: maybe"), entryWith("auth:"), entryWith("auth: public", "rate: 1/s"), entryWith("auth: public", "identity_header: X-A"), entryWith("auth: public", "rate: 1/s", "burst: 1"),
		entryWith("streams: true"), entryWith("streams: Until_closed"), entryWith("streams:"), entryWith("streams: [until_closed]"), entryWith("auth: public", "streams: until_closed"),
		entryWith("identity_header: X_A"), entryWith("identity_header: Content-Length"), entryWith("identity_header: transfer-ENCODING"), entryWith("identity_header: hOST"), entryWith("identity_header:"),
		entryWith("identity_header: X-Forwarded-For"), entryWith("identity_header: Proxy-Anything"), entryWith("identity_header: Cookie"), entryWith("identity_header: Max-Forwards"),
		entryWith("forward_token: 1"), entryWith("forward_token:"), entryWith("auth: public", "forward_token: true"), entryWith("forward_token: true", "authorization: /a"),
		entryWith("authorization:"), entryWith("authorization: {}"), entryWith("authorization: Basic dTpw"), entryWith("authorization: {file: ''}"), entryWith("authorization: {file: /a, value: b}"), entryWith("authorization: [/a]"),
		entryWith("rate:"), entryWith("rate: fast"), entryWith("rate: 0/s"), entryWith("rate: 100"), entryWith("rate: 1/d"), entryWith("burst: 1"),
		entryWith("rate: 1/s", "burst: 0"), entryWith("rate: 1/s", "burst: 1.5"), entryWith("rate: 1/s", "burst: '1'"), entryWith("rate: 1/s", "burst:"),
		entryWith("max_body:"), entryWith("max_body: 2Gi"), entryWith("max_body: -1"), entryWith("max_body: 1.5"), entryWith("max_body: 1000000000000"), entryWith("max_body: 9999999TiB"), entryWith("max_body: '01'"),
		entryWith("timeouts:"), entryWith("timeouts: 1s"), entryWith("timeouts: {total: 1s}"), entryWith("timeouts: {connect: 1}"), entryWith("timeouts: {connect: +1s}"), entryWith("timeouts: {connect: 1us}"),
		entryWith("retries: '2'"), entryWith("retries: 1.9"), entryWith("retries: 11"), entryWith("retries: -1"), entryWith("retries:"), entryWith("websocket: 'true'"), entryWith("informational: navigate"), entryWith("strip_prefix:"), entryWith("via:"), entryWith("via: off"), entryWith("identity_header: X-Forwarded-Prefix"), entryWith("identity_header: X-Tallygate-Hops"),
		entryWith("pass_headers:"), entryWith("pass_headers: []"), entryWith("pass_headers: X-HTTP-Method-Override"), entryWith("pass_headers: ['X Y']"), entryWith("pass_headers: ['']"), entryWith("pass_headers: [X-A, X-A]"),
		entryWith("paths:"), entryWith("paths: clean"), entryWith("paths: true"), entryWith("paths: raw", "exact: true"),
		entryWith("cors: {origins: ['https://*']}"), entryWith("cors: {origins: ['https://a.*.example']}"), entryWith("cors: {origins: ['https://a*.example']}"), entryWith("cors: {origins: ['https://a:*1']}"),
		entryWith("cors:"), entryWith("cors: {}"), entryWith("cors: {origins: []}"), entryWith("cors: {origins: '*'}"), entryWith("cors: {origins: [a.example]}"), entryWith("cors: {origins: ['https://A.example']}"),
		entryWith("cors: {origins: ['https://a.example/']}"), entryWith("cors: {origins: ['*'], headers: [X_A]}"), entryWith("cors: {origins: ['*'], expose: []}"), entryWith("cors: {origins: ['*'], max_age: 1}"), entryWith("cors: {origins: ['*'], credentials: true}"),
	}
}

// beyondTheSchema are files that only the gateway refuses: JSON Schema cannot express the rule, or the YAML reader hides the
// mistake from it.
func beyondTheSchema() []string {
	return []string{
		entryWith("authorization: {file: Basic dTpw}"),
		entryWith("pass_headers: [X-User-Id]"), entryWith("pass_headers: [TE]"), entryWith("pass_headers: [X-A]", "identity_header: x-a"),
		entryWith("timeouts: {connect: 99ms}"), entryWith("timeouts: {connect: 25h}"), entryWith("retries: 0x1"), entryWith("max_body: 0x10"),
		entryWith("health: {path: /a, status: 300-200}"), entryWith("health: {path: /a, status: 0xC8}"), entryWith("health: {path: /a, interval: 99ms}"),
		entry("a", "/a", "[https://a, http://b]"), entry("a", "/a", "[https://a, 'unix:/b']"), entry("a", "/a", "http://a, tls: {}"), entry("a", "/a", "['https://a', 'https://a:443']"),
		entry("a", "/a", "[http://a/b, http://b/c]"), entry("a", "/a", "[http://a/b, 'unix:/b']"), entry("a", "/a", "['unix:/a', 'unix:///a']"), entry("a", "/a", "'unix:/"+repeat("a", 107)+"'"), entryWith("host: '[a]'"),
		entry("a", "/a", "[http://a, 'http://A:80/']"), entry("a", "/a", "'http://[::1::]'"),
		and(entry("a", "/a", "http://a"), entry("a", "/b", "http://a")), and(entry("a", "/a", "http://a"), entry("b", "/a", "http://a")),
		"routes:\n  - {name: a, path: /a, upstream: http://a, methods: [GET]}\n  - {name: b, path: /a, upstream: http://b, methods: [HEAD]}\n",
		entry("a", "/a", "http://a") + "---\nrubbish: 1\n",
	}
}

// TestTheSchemaAgreesWithTheGateway: an editor and the gateway find the same files valid.
func TestTheSchemaAgreesWithTheGateway(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(testbed.Root(), "docs", "routes.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, set := range []struct {
		files           []string
		gateway, schema bool
	}{{goodFiles(), true, true}, {badFiles(), false, false}, {beyondTheSchema(), false, true}} {
		for _, text := range set.files {
			file := filepath.Join(dir, "routes.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), program("gateway"), "-check-routes", file).CombinedOutput()
			if (err == nil) != set.gateway {
				t.Errorf("%s\nthe gateway says %s, want valid: %v", text, out, set.gateway)
			}
			var value any
			if err := yaml.Unmarshal([]byte(text), &value); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if err := schema.Validate(value); (err == nil) != set.schema {
				t.Errorf("%s\nthe schema says %v, want valid: %v", text, err, set.schema)
			}
		}
	}
}
