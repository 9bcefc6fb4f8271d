package main

import (
	"bytes"
	"fmt"
	"strings"

	"tallygate/kit/problem/catalog"
)

const problemsTarget = "docs/problems.md"

// problems is the text of docs/problems.md.
func problems() []byte {
	var out bytes.Buffer
	out.WriteString("# Problems\n\n<!-- Generated from kit/problem/catalog by `make openapi`. -->\n\n" +
		"Every error is a [problem details](https://www.rfc-editor.org/rfc/rfc9457) object, but the 401 about a token, whose body is always\n" +
		"`" + "{\"message\":\"Token is not valid\"}" + "`. Programs decide by `type`, which is `" + catalog.Path + "` and a name of this table. It is the path of a page\n" +
		"on the gateway with the same cause and cure. The sentence in `detail`, and again in `message`, is for people and may change.\n")
	write := func(heading string, internal bool) {
		fmt.Fprintf(&out, "\n## %s\n\n| Name | Status | Cause | Cure |\n|---|---|---|---|\n", heading)
		for _, e := range catalog.All() {
			if e.Internal == internal {
				fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", e.Name, statuses(e), cell(e.Cause), cell(e.Cure))
			}
		}
	}
	write("What clients get", false)
	write("What programs of the operator get", true)
	return out.Bytes()
}

func statuses(e catalog.Entry) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(e.Statuses), " ", ", "), "[]")
}

// cell makes a sentence fit into a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
