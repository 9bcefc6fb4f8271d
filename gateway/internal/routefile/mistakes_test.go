package routefile_test

import (
	"regexp"
	"strings"
	"testing"
)

const good = "routes:\n  - name: a\n    path: /a\n    upstream: http://a\n"

// placed is how every mistake begins.
var placed = regexp.MustCompile(`^routes\.yaml:[1-9][0-9]*:[1-9][0-9]*: .`)

func TestAMistakeIsNamedWithItsPlace(t *testing.T) { //nolint:funlen // a table of mistakes
	t.Parallel()
	for text, want := range map[string]string{
		"routes: 7":                                                "routes.yaml:1:9: routes: has to be a list",
		"- name: a":                                                "routes.yaml:1:1: ",
		"roots: []":                                                `routes.yaml:1:1: unknown key "roots"`,
		"routes:\n\t- name: a":                                     "routes.yaml:2:1: ",
		"routes: [":                                                "routes.yaml:1:9: ",
		"routes:\n  - name: [a]\n":                                 "routes.yaml:2:11: name: is not text",
		"routes:\n  - a\n":                                         "routes.yaml:2:5: a route is keys",
		"routes:\n  -\n":                                           "routes.yaml:2:5: a route is keys",
		"routes:\n  - {}\n":                                        "routes.yaml:2:5: name: is missing",
		good + "    colour: red":                                   `routes.yaml:5:5: unknown key "colour"`,
		good + "    7: red":                                        `routes.yaml:5:5: unknown key "7"`,
		good + "    <<: {exact: true}":                             `routes.yaml:5:5: unknown key "<<"`,
		good + "    name: b":                                       "routes.yaml:5:5: name: stands here a second time",
		good + "    methods: [get]":                                `routes.yaml:5:15: methods: "get"`,
		good + "    methods: [CONNECT]":                            "routes.yaml:5:15: methods:",
		good + "    methods: [GET, TRACE]":                         "routes.yaml:5:20: methods:",
		good + "    methods: [GET, GET]":                           `routes.yaml:5:20: methods: "GET" stands here twice`,
		good + "    methods: []":                                   "routes.yaml:5:14: methods: is an empty list",
		good + "    methods: GET":                                  "routes.yaml:5:14: methods: has to be a list",
		good + "    methods:":                                      "routes.yaml:5:5: methods: has no value",
		good + "    exact: yes":                                    "routes.yaml:5:12: exact: has to be true or false",
		good + "    auth: maybe":                                   "routes.yaml:5:11: auth:",
		good + "    auth: public\n    roles: [ops]":                "routes.yaml:6:12: roles:",
		good + "    roles: [Ops]":                                  "routes.yaml:5:13: roles:",
		good + "    roles: [ops, ops]":                             "routes.yaml:5:18: roles:",
		good + "    roles: []":                                     "routes.yaml:5:12: roles:",
		good + "    roles: ops":                                    "routes.yaml:5:12: roles:",
		good + "    identity_header: X-User-Roles":                 "routes.yaml:5:22: identity_header:",
		good + "    auth: public\n    rate: 1/s":                   "routes.yaml:6:11: rate:",
		good + "    auth: public\n    streams: until_closed":       "routes.yaml:6:14: streams:",
		good + "    streams: for_ever":                             "routes.yaml:5:14: streams:",
		good + "    pass_headers: X-A":                             "routes.yaml:5:19: pass_headers: has to be a list",
		good + "    pass_headers: [X-User-Id]":                     `routes.yaml:5:20: pass_headers: "X-User-Id" says who calls`,
		good + "    pass_headers: [X-A, remote_groups]":            `routes.yaml:5:25: pass_headers: "remote_groups" says who calls`,
		good + "    pass_headers: [x-real-ip]":                     `routes.yaml:5:20: pass_headers: "x-real-ip" says where`,
		good + "    pass_headers: [X-Forwarded-User]":              `routes.yaml:5:20: pass_headers: "X-Forwarded-User" says where`,
		good + "    pass_headers: [X-Original-For]":                `routes.yaml:5:20: pass_headers: "X-Original-For" says where`,
		good + "    pass_headers: [Keep-Alive]":                    `routes.yaml:5:20: pass_headers: "Keep-Alive" holds for one connection`,
		good + "    pass_headers: [proxy]":                         `routes.yaml:5:20: pass_headers: "proxy" holds for one connection`,
		good + "    pass_headers: [Proxy-Authorization]":           `routes.yaml:5:20: pass_headers: "Proxy-Authorization" holds for one connection`,
		good + "    pass_headers: [transfer-encoding]":             `routes.yaml:5:20: pass_headers: "transfer-encoding" holds for one connection`,
		good + "    pass_headers: [Authorization]":                 `routes.yaml:5:20: pass_headers: "Authorization" is passed by forward_token`,
		good + "    pass_headers: [Via]":                           `routes.yaml:5:20: pass_headers: "Via" is written by the gateway`,
		good + "    pass_headers: [X_HTTP_Method]":                 `routes.yaml:5:20: pass_headers: "X_HTTP_Method" is read as another field`,
		good + "    pass_headers: [X.A]\n    identity_header: X-A": `routes.yaml:5:20: pass_headers: "X.A" is the identity_header of a route`,
		good + "    paths: clean":                                  `routes.yaml:5:12: paths: "clean": has to be raw`,
		good + "    paths:":                                        "routes.yaml:5:5: paths: has no value",
		good + "    exact: true\n    paths: raw":                   "routes.yaml:6:12: paths: has no effect with exact",
		good + "    streams:":                                      "routes.yaml:5:5: streams: has no value",
		good + "    auth: public\n    identity_header: X-U":        "routes.yaml:6:22: identity_header:",
		good + "    identity_header: X_U":                          "routes.yaml:5:22: identity_header:",
		good + "    identity_header: Content-Length":               "routes.yaml:5:22: identity_header:",
		good + "    identity_header: transfer-encoding":            "routes.yaml:5:22: identity_header:",
		good + "    identity_header: HOST":                         "routes.yaml:5:22: identity_header:",
		good + "    identity_header: Cookie":                       "routes.yaml:5:22: identity_header:",
		good + "    rate: fast":                                    "routes.yaml:5:11: rate:",
		good + "    rate: 0/s":                                     "routes.yaml:5:11: rate:",
		good + "    rate:":                                         "routes.yaml:5:5: rate: has no value",
		good + "    burst: 5":                                      "routes.yaml:5:12: burst:",
		good + "    rate: 1/s\n    burst: 1.5":                     "routes.yaml:6:12: burst:",
		good + "    cost: -1":                                      "routes.yaml:5:11: cost:",
		good + "    cost: 1.5":                                     "routes.yaml:5:11: cost:",
		good + "    cost: 1000001":                                 "routes.yaml:5:11: cost:",
		good + "    cost: a":                                       "routes.yaml:5:11: cost:",
		good + "    cost_header: X Cost":                           "routes.yaml:5:18: cost_header:",
		good + "    cost_header: Content-Length":                   "routes.yaml:5:18: cost_header:",
		good + "    auth: public\n    cost: 5":                     "routes.yaml:6:11: cost:",
		good + "    auth: public\n    cost_header: X-Cost":         "routes.yaml:6:18: cost_header:",
		good + "    rate: 1/s\n    burst: 0":                       "routes.yaml:6:12: burst:",
		good + "    max_body: 2Gi":                                 "routes.yaml:5:15: max_body:",
		good + "    max_body: 0x10":                                "routes.yaml:5:15: max_body:",
		good + "    max_body: 1.5":                                 "routes.yaml:5:15: max_body:",
		good + "    max_body: 999999999999TiB":                     "routes.yaml:5:15: max_body:",
		good + "    max_body: null":                                "routes.yaml:5:5: max_body: has no value",
		good + "    retries: 99":                                   "routes.yaml:5:14: retries:",
		good + "    retries: -1":                                   "routes.yaml:5:14: retries:",
		good + "    retries: '2'":                                  "routes.yaml:5:14: retries:",
		good + "    retries: 1.9":                                  "routes.yaml:5:14: retries:",
		good + "    retries: 1e0":                                  "routes.yaml:5:14: retries:",
		good + "    retries: 010":                                  "routes.yaml:5:14: retries:",
		good + "    retries: !!int 1":                              "routes.yaml:5:14: retries:",
		good + "    timeouts: {progress: 1}":                       "routes.yaml:5:26: timeouts.progress:",
		good + "    timeouts: {progress: 1ms}":                     "routes.yaml:5:26: timeouts.progress:",
		good + "    timeouts: {progress: +1s}":                     "routes.yaml:5:26: timeouts.progress:",
		good + "    timeouts: {total: 1s}":                         `routes.yaml:5:16: timeouts: unknown key "total"`,
		good + "    timeouts: 1s":                                  "routes.yaml:5:15: timeouts: has to be keys",
		good + "    timeouts:":                                     "routes.yaml:5:5: timeouts: has no value",
		good + "    cors: {origins: [app.example.org]}":            "routes.yaml:5:22: cors.origins:",
		good + "    cors: {origins: ['https://A.example']}":        "routes.yaml:5:22: cors.origins:",
		good + "    cors: {origins: ['https://a.example/']}":       "routes.yaml:5:22: cors.origins:",
		good + "    cors: {headers: [X]}":                          "routes.yaml:5:11: cors.origins: is missing",
		good + "    cors:":                                         "routes.yaml:5:5: cors: has no value",
		good + "    via: off":                                      "routes.yaml:5:10: via: has to be true or false",
		good + "    identity_header: X-Forwarded-PREFIX":           "routes.yaml:5:22: identity_header:",
		good + "    health: livez":                                 "routes.yaml:5:13: health:",
		good + "    health: /ä":                                    "routes.yaml:5:13: health:",
		good + "    health: /%zz":                                  "routes.yaml:5:13: health:",
		good + "---\nrubbish: [":                                   "routes.yaml:6:10: ",
		good + "---\nrubbish: 1\n":                                 "routes.yaml:5:1: a second document",
		good + "# \xff\n":                                          "routes.yaml:5:3: a byte that is not UTF-8",
		good + "# ä\x00\n":                                         "routes.yaml:5:4: a byte that is not UTF-8",
		"routes:\n  - name: a\n    path: /a\n":                     "routes.yaml:2:5: upstream: is missing",
		"routes:\n  - path: /a\n    upstream: http://a\n":          "routes.yaml:2:5: name: is missing",
		"routes:\n  - name: a\n    upstream: http://a\n":           "routes.yaml:2:5: path: is missing",
		"routes:\n  - name: 12\n    path: /a\n    upstream: b":     "routes.yaml:2:11: name: is not text",
		strings.Replace(good, "/a\n", "/a/\n", 1):                  "routes.yaml:3:11: path:",
		strings.Replace(good, "/a\n", "/a/../b\n", 1):              "routes.yaml:3:11: path:",
		strings.Replace(good, "/a\n", "/a%20\n", 1):                "routes.yaml:3:11: path:",
	} {
		refused(t, text, want)
	}
}

func TestAnUpstreamsMistakeIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	for upstream, want := range map[string]string{
		"ftp://a": "4:15: upstream:", "[http://a, b]": "4:26: upstream:", "HTTP://a": "4:15: upstream:",
		"http://a:0": "4:15: upstream:", "http://a:99999": "4:15: upstream:", "http://a:65536": "4:15: upstream:", "http://a:080": "4:15: upstream:",
		"'http://a:'": "4:15: upstream:", "http://u@a": "4:15: upstream:", "http://a?b": "4:15: upstream:", "http://ä": "4:15: upstream:",
		"'http://[::1'": "4:15: upstream:", "'http://[1.2.3.4]'": "4:15: upstream:", "'http://[::1::]'": "4:15: upstream:",
		"[http://a, http://a]": `4:26: upstream: "http://a" stands here twice`, "[http://a, 'http://A:80/']": "4:26: upstream: a:80 stands here twice",
		"['http://[::1]', 'http://[0:0::1]:80']": "4:32: upstream: [::1]:80 stands here twice", "[]": "4:15: upstream: is an empty list",
		"{}": "4:15: upstream: is not text", "*x": "4:15: upstream: is not text",
	} {
		refused(t, strings.Replace(good, "http://a", upstream, 1), "routes.yaml:"+want)
	}
}

func TestRoutesThatTakeTheSameAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		good + "  - name: b\n    path: /a\n    upstream: http://b":                                            "routes.yaml:5:11: routes a and b both take the same methods of /a (the other one is on line 2)",
		good + "  - name: a\n    path: /b\n    upstream: http://b":                                            "routes.yaml:5:11: two routes have the name a (the other one is on line 2)",
		good + "    methods: [GET]\n  - name: b\n    path: /a\n    upstream: http://b\n    methods: [HEAD]\n": "routes.yaml:6:11: routes a and b both take HEAD /a",
		strings.Replace(good, "path: /a", "path: /token\n    exact: true\n    methods: [POST]", 1):            "routes.yaml:2:11: routes token and a both take POST /token",
		strings.Replace(good, "path: /a", "path: /root\n    exact: true\n    methods: [HEAD]", 1):             "routes.yaml:2:11: routes root and a both take HEAD /root",
	} {
		refused(t, text, want)
	}
}

// refused wants one of the mistakes to begin with want, and all to have a place.
func refused(t *testing.T, text, want string) {
	t.Helper()
	_, err := parse(text)
	if err == nil {
		t.Errorf("%s\nis taken, want %s", text, want)
		return
	}
	found := false
	for line := range strings.Lines(err.Error()) {
		found = found || strings.HasPrefix(line, want)
		if !placed.MatchString(line) {
			t.Errorf("%s\ngot %q, without a place", text, line)
		}
	}
	if !found {
		t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
	}
}

func TestAllMistakesAreNamedAtOnceInTheirOrder(t *testing.T) {
	t.Parallel()
	_, err := parse("routes:\n  - name: A\n    path: a\n    colour: red\n    upstream: a\n    auth: a\n    auth: public\n  -\n" +
		"  - {name: b, path: /b, upstream: http://b}\n  - {name: c, path: /b, upstream: http://b, exakt: true}\nmore: 1\n")
	if err == nil {
		t.Fatal("taken")
	}
	places := ""
	for line := range strings.Lines(err.Error()) {
		places += " " + strings.Join(strings.Split(line, ":")[1:3], ":")
	}
	if want := " 2:11 3:11 4:5 5:15 6:11 7:5 8:4 10:12 10:45 11:1"; places != want {
		t.Errorf("got%s, want%s:\n%v", places, want, err)
	}
}

// A file is empty for a moment while it is written. Taking it would take the routes away.
func TestAFileWithoutRoutesIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "routes.yaml:1:1: routes: is missing", "# nothing\n": "routes.yaml:1:1: routes: is missing", "{}": "routes.yaml:1:1: routes: is missing",
		"routes:\n": "routes.yaml:1:1: routes: has no value", "routes: []\n": "routes.yaml:1:9: routes: has to be a list", "---\n": "routes.yaml:1:1: routes: is missing",
	} {
		refused(t, text, want)
	}
}
