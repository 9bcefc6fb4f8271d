package system_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"tallygate/deploy/internal/testbed"
)

// documentedMetric is a row of docs/metrics.md.
type documentedMetric struct {
	section, kind string
	labels        []string
}

// documentedMetrics reads the tables of docs/metrics.md.
func documentedMetrics(t *testing.T) map[string]documentedMetric {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (\\w+) \\|([^|]*)\\|")
	label := regexp.MustCompile("`([a-z_]+)`")
	all := map[string]documentedMetric{}
	for section := range strings.SplitSeq(string(text), "\n## ") {
		title, _, _ := strings.Cut(section, "\n")
		for _, match := range row.FindAllStringSubmatch(section, -1) {
			metric := documentedMetric{section: title, kind: match[2]}
			for _, name := range label.FindAllStringSubmatch(match[3], -1) {
				metric.labels = append(metric.labels, name[1])
			}
			slices.Sort(metric.labels)
			all[match[1]] = metric
		}
	}
	if len(all) < 30 {
		t.Fatalf("got %d metrics: the pattern is out of date", len(all))
	}
	return all
}

// TestEveryMetricIsDocumented finds each metric of docs/metrics.md in the sources. That every exposed metric stands
// there, with its labels, is TestMetrics' part.
func TestEveryMetricIsDocumented(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, folder := range []string{"auth-service", "gateway", "kit"} {
		err := filepath.WalkDir(filepath.Join(testbed.Root(), folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			sources.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	documented := documentedMetrics(t)
	for name := range documented {
		if !strings.Contains(sources.String(), `"`+name+`"`) {
			t.Errorf("docs/metrics.md has %s, which no service exposes", name)
		}
	}
	for _, match := range regexp.MustCompile(`"(tallygate_[a-z_]+)"`).FindAllStringSubmatch(sources.String(), -1) {
		if _, ok := documented[match[1]]; !ok {
			t.Errorf("docs/metrics.md lacks %s", match[1])
		}
	}
}

// checkDocumented compares a service's own metrics with docs/metrics.md.
func checkDocumented(t *testing.T, service string, families map[string]*dto.MetricFamily, documented map[string]documentedMetric) {
	t.Helper()
	for name, family := range families {
		if !strings.HasPrefix(name, "tallygate_") && !strings.HasPrefix(name, "http_") {
			continue
		}
		want, ok := documented[name]
		if !ok {
			t.Errorf("%s exposes %s, which docs/metrics.md lacks", service, name)
			continue
		}
		if service, _, _ := strings.Cut(service, "-0"); want.section != service && want.section != "Every service" {
			t.Errorf("%s exposes %s, which docs/metrics.md has under %q", service, name, want.section)
		}
		if got := strings.ToLower(family.GetType().String()); got != want.kind {
			t.Errorf("%s: %s is a %s, docs/metrics.md says %s", service, name, got, want.kind)
		}
		if got := labels(family); !slices.Equal(got, want.labels) {
			t.Errorf("%s: %s has the labels %v, docs/metrics.md says %v", service, name, got, want.labels)
		}
	}
}
