package system_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"tallygate/deploy/internal/metricdocs"
	"tallygate/deploy/internal/testbed"
)

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
	documented := metricdocs.Read(t)
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
func checkDocumented(t *testing.T, service string, families map[string]*dto.MetricFamily, documented map[string]metricdocs.Metric) {
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
		if service, _, _ := strings.Cut(service, "-0"); want.Section != service && want.Section != "Every service" {
			t.Errorf("%s exposes %s, which docs/metrics.md has under %q", service, name, want.Section)
		}
		if got := strings.ToLower(family.GetType().String()); got != want.Kind {
			t.Errorf("%s: %s is a %s, docs/metrics.md says %s", service, name, got, want.Kind)
		}
		if got := labels(family); !slices.Equal(got, want.Labels) {
			t.Errorf("%s: %s has the labels %v, docs/metrics.md says %v", service, name, got, want.Labels)
		}
	}
}
