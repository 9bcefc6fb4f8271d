package routefile_test

import (
	"testing"

	"tallygate/gateway/internal/route"
)

func TestARouteIsListedUnlessTheFileSaysOtherwise(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]route.Description{
		"":                                {},
		"auth: public":                    {},
		"roles: [ops]":                    {Unlisted: true},
		"roles: [ops]\n    openapi: true": {},
		"roles: [ops]\n    openapi: /openapi.json": {Path: "/openapi.json"},
		"openapi: false":                                                {Unlisted: true},
		"openapi: true":                                                 {},
		"openapi: /v3/api-docs?group=a%20b":                             {Path: "/v3/api-docs?group=a%20b"},
		"openapi: {file: my api.yaml}":                                  {File: "my api.yaml"},
		"auth: public\n    openapi:\n      file: C:\\api.yaml":          {File: `C:\api.yaml`},
		"roles: [ops]\n    openapi: {file: /a}\n    strip_prefix: true": {File: "/a"},
	} {
		table, err := parse(good + "    " + lines + "\n")
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		if got := named(t, table, "a").Description; got != want {
			t.Errorf("%s: got %+v, want %+v", lines, got, want)
		}
	}
}

func TestMistakesAboutDescriptionsAreNamed(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		"openapi:":                       "5:5: openapi: has no value",
		"openapi: 1":                     "5:14: openapi: has to be true, false, a path",
		"openapi: [/a]":                  "5:14: openapi: has to be true, false, a path",
		"openapi: api.yaml":              `5:14: openapi: "api.yaml": has to be true, false, a path`,
		"openapi: http://u/openapi.json": `5:14: openapi: "http://u/openapi.json": has to be`,
		"openapi: /ä":                    `5:14: openapi: "/ä": has to be`,
		"openapi: {}":                    "5:14: openapi.file: is missing",
		"openapi: {path: /a}":            `5:15: openapi: unknown key "path"`,
		"openapi: {file: 7}":             "5:21: openapi.file: is not text",
		"openapi: {file: a, path: /a}":   `5:24: openapi: unknown key "path"`,
	} {
		refused(t, good+"    "+lines+"\n", "routes.yaml:"+want)
	}
}
