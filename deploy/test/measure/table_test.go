//go:build measure

package measure_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

// finding is a row of the table "what one client can do to others" in docs/reliability.md.
type finding struct{ Attack, Bound, Measured, Test string }

// table collects the findings of a run.
type table struct {
	mu   sync.Mutex
	rows []finding
}

var findings table

// found adds a row, under the name of the test that calls it.
func found(t *testing.T, attack, bound, measured string) {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	t.Logf("figure: %s: %s (bound: %s)", attack, measured, bound)
	findings.mu.Lock()
	defer findings.mu.Unlock()
	findings.rows = append(findings.rows, finding{attack, bound, measured, test})
}

// print writes the table as it stands in the document.
func (f *table) print(w io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rows) == 0 {
		return
	}
	fmt.Fprintln(w, "\n| What one client does | Bound | Measured | Test |\n|---|---|---|---|")
	for _, row := range f.rows {
		fmt.Fprintf(w, "| %s | %s | %s | `%s` |\n", row.Attack, row.Bound, row.Measured, row.Test)
	}
	fmt.Fprintln(w)
}

// TestMain runs the tests, or one attacker: see attackers_test.go.
func TestMain(m *testing.M) {
	if text := os.Getenv(attacking); text != "" {
		if err := runAttack(text, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	findings.print(os.Stdout)
	os.Exit(code)
}
