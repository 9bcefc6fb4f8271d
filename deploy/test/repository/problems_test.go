package repository_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tallygate/kit/problem/catalog"
)

// TestTheTableHasEveryProblemThatIsSentAndNoOther reads the names of problems out of the programs' sources, and compares them with
// kit/problem/catalog. Whoever sends a new problem adds it there, and runs `make openapi`.
func TestTheTableHasEveryProblemThatIsSentAndNoOther(t *testing.T) {
	t.Parallel()
	sent := map[string][]int{}
	for _, folder := range []string{"auth-service", "gateway", "math-service", "kit"} {
		for name, statuses := range readProblems(t, folder) {
			sent[name] = append(sent[name], statuses...)
		}
	}
	for _, name := range []string{"invalid-created_at", "invalid-password_hash"} { // of `auth-service admin import` alone, which prints them
		delete(sent, name)
	}
	table := map[string]catalog.Entry{}
	for _, entry := range catalog.All() {
		if _, twice := table[entry.Name]; twice {
			t.Errorf("the table has %s twice", entry.Name)
		}
		table[entry.Name] = entry
		if _, known := sent[entry.Name]; !known {
			t.Errorf("the table has %s, which no program sends", entry.Name)
		}
		for _, sentence := range []string{entry.Cause, entry.Cure} {
			if !strings.HasSuffix(sentence, ".") {
				t.Errorf("%s: %q is no sentence", entry.Name, sentence)
			}
		}
		for _, status := range entry.Statuses {
			if http.StatusText(status) == "" {
				t.Errorf("%s: %d is no status", entry.Name, status)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		entry, known := table[name]
		if !known {
			t.Errorf("a program sends %s, which kit/problem/catalog does not have", name)
			continue
		}
		for _, status := range sent[name] {
			if !slices.Contains(entry.Statuses, status) {
				t.Errorf("%s is sent with %d; the table has %v", name, status, entry.Statuses)
			}
		}
	}
	if len(sent) < 90 {
		t.Errorf("only %d names were found: the search is out of date", len(sent))
	}
}
