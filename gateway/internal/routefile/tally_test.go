package routefile_test

import (
	"strings"
	"testing"
)

func TestTheFileCannotMakeTheTallyCost(t *testing.T) {
	t.Parallel()
	const usage, limits = "/users/me/usage", "/users/me/limits"
	for text, want := range map[string]string{
		"  - {name: usage, path: /users/me/usage, exact: true, upstream: http://a}\n":                                                                              usage,
		"  - {name: usage, path: /users/me/usage, upstream: http://a, rate: 1/h}\n":                                                                                usage,
		"  - {name: usage, path: /users/me, upstream: http://a, methods: [PATCH]}\n":                                                                               usage,
		"  - {name: usage, path: /, upstream: http://a}\n":                                                                                                         usage,
		"  - {name: limits, path: /users/me, upstream: http://a}\n":                                                                                                limits,
		"  - {name: usage, path: /, upstream: http://a, methods: [GET]}\n  - {name: limits, path: /, upstream: http://a, methods: [PUT]}\n":                        usage + " " + limits,
		"  - {name: usage, path: /usage, upstream: http://a}\n":                                                                                                    "",
		"  - {name: usage, path: /users/me/usage/x, upstream: http://a}\n":                                                                                         "",
		"  - {name: usage, path: /user, upstream: http://a}\n":                                                                                                     "",
		"  - {name: usage, path: /users, exact: true, upstream: http://a}\n":                                                                                       "",
		"  - {name: usage, path: /users, upstream: http://a, auth: public}\n":                                                                                      "",
		"  - {name: users, path: /users, upstream: http://a}\n":                                                                                                    "", // the built-in route goes first
		"  - {name: usage, path: /users/me/usage, upstream: http://a, methods: [GET]}\n  - {name: b, path: /users/me/usage, upstream: http://a, methods: [PUT]}\n": usage,
	} {
		table, err := parse("routes:\n" + text)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range table.Routes() {
			if got := strings.Join(r.Tallies, " "); r.Upstreams[0] == "a:80" && got != want {
				t.Errorf("%s%s: got %q, want %q", text, r.Name, got, want)
			}
		}
	}
}
