package routefile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tallygate/gateway/internal/route"
)

func TestHealthIsAPathOrKeys(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]route.Route{
		"health: /livez":                                    {Health: "/livez"},
		"health: {}":                                        {},
		"health: {path: /livez}":                            {Health: "/livez"},
		"health: {path: /a, host: B.example:81}":            {Health: "/a", Check: route.Check{Host: "B.example:81"}},
		"health: {path: /a, status: 204}":                   {Health: "/a", Check: route.Check{Status: [][2]int{{204, 204}}}},
		"health: {path: /a, status: '204'}":                 {Health: "/a", Check: route.Check{Status: [][2]int{{204, 204}}}},
		"health: {path: /a, status: 200-399}":               {Health: "/a", Check: route.Check{Status: [][2]int{{200, 399}}}},
		"health: {path: /a, status: [200, 301-302, '401']}": {Health: "/a", Check: route.Check{Status: [][2]int{{200, 200}, {301, 302}, {401, 401}}}},
		"health: {interval: 5s, timeout: 2s, failures: 3}":  {Check: route.Check{Interval: 5 * time.Second, Timeout: 2 * time.Second, Failures: 3}},
		"health:\n      path: /a\n      failures: 1":        {Health: "/a", Check: route.Check{Failures: 1}},
	} {
		table, err := parse(good + "    " + lines + "\n")
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		got := named(t, table, "a")
		if diff := cmp.Diff(want, route.Route{Health: got.Health, Check: got.Check}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lines, diff)
		}
	}
}

func TestMistakesOfHealthAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		"health: livez":                                 "5:13: health:",
		"health: [/livez]":                              "5:13: health: is not text",
		"health: 7":                                     "5:13: health: is not text",
		"health: {page: /a}":                            `5:14: health: unknown key "page"`,
		"health: {path: a}":                             "5:20: health.path:",
		"health: {path: /a, path: /b}":                  "5:24: health.path: stands here a second time",
		"health: {path:}":                               "5:14: health.path: has no value",
		"health: {host: a}":                             "5:20: health.host: has no effect without health.path",
		"health: {status: 200}":                         "5:22: health.status: has no effect without health.path",
		"health: {path: /a, host: 'a b'}":               "5:30: health.host:",
		"health: {path: /a, host: 'a:65536'}":           "5:30: health.host:",
		"health: {path: /a, status: 199}":               "5:32: health.status:",
		"health: {path: /a, status: 600}":               "5:32: health.status:",
		"health: {path: /a, status: 0xC8}":              "5:32: health.status:",
		"health: {path: /a, status: 2xx}":               "5:32: health.status:",
		"health: {path: /a, status: 300-200}":           "5:32: health.status:",
		"health: {path: /a, status: []}":                "5:32: health.status: is an empty list",
		"health: {path: /a, status: [200, ok]}":         "5:38: health.status:",
		"health: {path: /a, status: {from: 200}}":       "5:32: health.status:",
		"health: {path: /a, interval: 99ms}":            "5:34: health.interval:",
		"health: {path: /a, timeout: 2}":                "5:33: health.timeout:",
		"health: {path: /a, failures: 0}":               "5:34: health.failures:",
		"health: {path: /a, failures: 11}":              "5:34: health.failures:",
		"health: {path: /a, failures: '2'}":             "5:34: health.failures:",
		"health:\n      path: /a\n      unhealthy: 200": `7:7: health: unknown key "unhealthy"`,
	} {
		refused(t, good+"    "+lines+"\n", "routes.yaml:"+want)
	}
}
