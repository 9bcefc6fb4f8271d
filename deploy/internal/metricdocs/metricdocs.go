// Package metricdocs reads the tables of docs/metrics.md, for tests that compare them with what services expose and with what rules
// and dashboards ask for.
//
// It knows no metric itself.
package metricdocs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// Metric is a row of a table.
type Metric struct {
	Section, Kind string
	Labels        []string // sorted
}

// Read returns the metrics by name.
func Read(t testing.TB) map[string]Metric {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (\\w+) \\|([^|]*)\\|")
	label := regexp.MustCompile("`([a-z_]+)`")
	all := map[string]Metric{}
	for section := range strings.SplitSeq(string(text), "\n## ") {
		title, _, _ := strings.Cut(section, "\n")
		for _, match := range row.FindAllStringSubmatch(section, -1) {
			metric := Metric{Section: title, Kind: match[2]}
			for _, name := range label.FindAllStringSubmatch(match[3], -1) {
				metric.Labels = append(metric.Labels, name[1])
			}
			slices.Sort(metric.Labels)
			all[match[1]] = metric
		}
	}
	if len(all) < 30 {
		t.Fatalf("got %d metrics: the pattern is out of date", len(all))
	}
	return all
}
