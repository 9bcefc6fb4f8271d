package routefile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tallygate/gateway/internal/route"
)

// upstreamLine is good with other lines instead of that of the upstream.
func upstreamLine(lines string) string {
	return strings.Replace(good, "upstream: http://a", lines, 1)
}

func TestAnUpstreamIsReadInAllItsForms(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]struct {
		addrs      []string
		base, host string
		http2      bool
	}{
		"upstream: http://A":                               {addrs: []string{"a:80"}},
		"upstream: http://a/":                              {addrs: []string{"a:80"}},
		"upstream: http://a/base":                          {addrs: []string{"a:80"}, base: "/base"},
		"upstream: http://a:8080/v1.0/~x/":                 {addrs: []string{"a:8080"}, base: "/v1.0/~x"},
		"upstream: [http://a/b, http://c/b/]":              {addrs: []string{"a:80", "c:80"}, base: "/b"},
		"upstream: 'unix:/run/a.sock'":                     {addrs: []string{"unix:/run/a.sock"}},
		"upstream: 'unix:///run/a.sock'":                   {addrs: []string{"unix:/run/a.sock"}},
		"upstream: ['unix:/a', 'http://a:1', 'unix:///b']": {addrs: []string{"unix:/a", "a:1", "unix:/b"}},
		"upstream: h2c://A":                                {addrs: []string{"a:80"}, http2: true},
		"upstream: ['h2c://a:50051/b', 'h2c://b/b/']":      {addrs: []string{"a:50051", "b:80"}, base: "/b", http2: true},
		"upstream: http://a\n    host: client":             {addrs: []string{"a:80"}},
		"upstream: http://a\n    host: upstream":           {addrs: []string{"a:80"}, host: "upstream"},
		"upstream: http://a\n    host: Files.example":      {addrs: []string{"a:80"}, host: "Files.example"},
		"upstream: http://a\n    host: '[::1]:81'":         {addrs: []string{"a:80"}, host: "[::1]:81"},
	} {
		table, err := parse(upstreamLine(lines))
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		r := named(t, table, "a")
		if diff := cmp.Diff(want.addrs, r.Upstreams); diff != "" || r.BasePath != want.base || r.Host != want.host || r.HTTP2 != want.http2 {
			t.Errorf("%s: got %q %q %q", lines, r.Upstreams, r.BasePath, r.Host)
		}
	}
}

func TestTLSIsRead(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]route.Route{
		"upstream: https://A":                         {Upstreams: []string{"a:443"}, TLS: route.TLS{On: true}},
		"upstream: [https://a:8443/b, https://b/b]":   {Upstreams: []string{"a:8443", "b:443"}, BasePath: "/b", TLS: route.TLS{On: true}},
		"upstream: https://a\n    tls: {}":            {Upstreams: []string{"a:443"}, TLS: route.TLS{On: true}},
		"upstream: https://a\n    tls: {ca: /ca.pem}": {Upstreams: []string{"a:443"}, TLS: route.TLS{On: true, CA: "/ca.pem"}},
		"upstream: https://a\n    tls: {cert: c, key: k, server_name: B.example}": {
			Upstreams: []string{"a:443"}, TLS: route.TLS{On: true, Cert: "c", Key: "k", ServerName: "B.example"},
		},
	} {
		table, err := parse(upstreamLine(lines))
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		got := named(t, table, "a")
		if diff := cmp.Diff(want, route.Route{Upstreams: got.Upstreams, BasePath: got.BasePath, TLS: got.TLS}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lines, diff)
		}
	}
}

func TestMistakesOfTLSAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	const secure = "upstream: https://a\n    "
	for lines, want := range map[string]string{
		"upstream: [https://a, http://b]":                   `4:27: upstream: "http://b": https does not stand in one list with http or a Unix socket`,
		"upstream: [http://a, https://b]":                   `4:26: upstream: "https://b": https does not stand in one list`,
		"upstream: ['unix:/a', https://b]":                  `4:27: upstream: "https://b": https does not stand in one list`,
		"upstream: [https://a, 'https://A:443']":            "4:27: upstream: a:443 stands here twice",
		"upstream: http://a\n    tls: {}":                   "5:10: tls: is only possible with an upstream that begins with https://",
		"upstream: 'unix:/a'\n    tls: {ca: b}":             "5:10: tls: is only possible",
		secure + "tls: true":                                "5:10: tls: has to be keys with values",
		secure + "tls:":                                     "5:5: tls: has no value",
		secure + "tls: {verify: false}":                     `5:11: tls: unknown key "verify"`,
		secure + "tls: {cert: a}":                           "5:17: tls.cert: has no effect without tls.key",
		secure + "tls: {key: a}":                            "5:16: tls.key: has no effect without tls.cert",
		secure + "tls: {ca: ''}":                            "5:15: tls.ca:",
		secure + "tls: {ca: [a]}":                           "5:15: tls.ca: is not text",
		secure + "tls: {server_name: 'https://a'}":          "5:24: tls.server_name:",
		secure + "tls:\n      ca: a\n      server_name: ''": "7:20: tls.server_name:",
	} {
		refused(t, upstreamLine(lines), "routes.yaml:"+want)
	}
}

func TestMistakesOfBasePathsSocketsAndHostsAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	long := "unix:/" + strings.Repeat("a", 107)
	for lines, want := range map[string]string{
		"upstream: http://a//b":                   "4:15: upstream:",
		"upstream: http://a/b/../c":               "4:15: upstream:",
		"upstream: http://a/.":                    "4:15: upstream:",
		"upstream: http://a/%62":                  "4:15: upstream:",
		"upstream: [http://a/b, http://c]":        `4:28: upstream: "http://c": the upstreams of one list have one base path`,
		"upstream: [http://a, http://c/b]":        `4:26: upstream: "http://c/b": the upstreams of one list have one base path`,
		"upstream: [http://a/b, 'unix:/c']":       `4:28: upstream: "unix:/c": the upstreams of one list have one base path`,
		"upstream: ['h2c://a', 'http://b']":       `4:27: upstream: "http://b": h2c stands in one list with h2c only`,
		"upstream: [http://a/b, http://a/c]":      "4:28: upstream: a:80 stands here twice",
		"upstream: ['unix:/a', 'unix:///a']":      "4:27: upstream: unix:/a stands here twice",
		"upstream: 'unix:a'":                      "4:15: upstream:",
		"upstream: 'unix:/'":                      "4:15: upstream:",
		"upstream: 'unix:/a/'":                    "4:15: upstream:",
		"upstream: 'unix:/a/../b'":                "4:15: upstream:",
		"upstream: '" + long + "'":                `4:15: upstream: "` + long + `": the path of a Unix socket has at most 107 bytes`,
		"upstream: http://a\n    host: 'a b'":     "5:11: host:",
		"upstream: http://a\n    host: http://b":  "5:11: host:",
		"upstream: http://a\n    host: 'b:65536'": "5:11: host:",
		"upstream: http://a\n    host: '[b]'":     "5:11: host:",
		"upstream: http://a\n    host:":           "5:5: host: has no value",
		"upstream: http://a\n    host: 7":         "5:11: host: is not text",
	} {
		refused(t, upstreamLine(lines), "routes.yaml:"+want)
	}
}
