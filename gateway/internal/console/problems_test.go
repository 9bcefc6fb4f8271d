package console_test

import (
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"testing"

	"tallygate/kit/problem/catalog"
)

func TestEveryTypeOfProblemHasAPage(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"on", "/gate"} {
		all := pages(t, where)
		prefix := strings.TrimPrefix(where, "on")
		index := string(all[prefix+"/problems"].Body)
		for _, entry := range catalog.All() {
			page, ok := all[prefix+entry.Type()]
			if !ok || page.Yields {
				t.Errorf("%s has no page below %q", entry.Name, prefix)
				continue
			}
			text := html.UnescapeString(string(page.Body))
			for _, want := range []string{entry.Type(), entry.Title, entry.Cause, entry.Cure, `href="` + prefix + `/docs"`} {
				if !strings.Contains(text, want) {
					t.Errorf("%s: the page does not have %q", entry.Name, want)
				}
			}
			if !strings.Contains(index, `href="`+prefix+entry.Type()+`"`) {
				t.Errorf("%s is not in the list", entry.Name)
			}
			if there, ok := all[entry.Type()]; !ok || there.Yields != (prefix != "") || !bytes.Equal(there.Body, page.Body) {
				t.Errorf("%s does not lead to its page", entry.Type())
			}
			if !json.Valid(catalog.Example(entry)) {
				t.Errorf("%s: the example is no JSON", entry.Name)
			}
		}
	}
}
