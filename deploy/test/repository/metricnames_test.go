package repository_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/metricdocs"
)

// asked is what an expression of PromQL asks for.
type asked struct {
	labels   map[string][]string // of each metric's selectors
	grouping []string            // labels of by, on and the like
}

// ask finds the metrics and the labels in an expression. It does not understand PromQL: promtool does.
func ask(expr string) asked {
	a := asked{labels: map[string][]string{}}
	expr = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]`).ReplaceAllString(expr, "")
	grouping := regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	for _, match := range grouping.FindAllStringSubmatch(expr, -1) {
		a.grouping = append(a.grouping, regexp.MustCompile(`\w+`).FindAllString(match[1], -1)...)
	}
	expr = grouping.ReplaceAllString(expr, " ")
	for _, match := range regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\s*(\(|\{[^}]*\})?`).FindAllStringSubmatch(expr, -1) {
		if match[2] == "(" || slices.Contains([]string{"and", "or", "unless", "bool", "offset"}, match[1]) {
			continue
		}
		a.labels[match[1]] = append(a.labels[match[1]], regexp.MustCompile(`\w+`).FindAllString(match[2], -1)...)
	}
	return a
}

// checkAsked checks that the metrics and labels of an expression are documented, or are those that every program has.
func checkAsked(t *testing.T, where, expr string, documented map[string]metricdocs.Metric) {
	t.Helper()
	a := ask(expr)
	if len(a.labels) == 0 {
		t.Errorf("%s: %s asks for no metric", where, expr)
	}
	known := []string{"job", "instance"}
	for name, labels := range a.labels {
		have, ok := labelsOf(name, documented)
		if !ok {
			t.Errorf("%s asks for %s, which docs/metrics.md lacks", where, name)
		}
		known = append(known, have...)
		for _, label := range labels {
			if !slices.Contains(have, label) && label != "job" && label != "instance" {
				t.Errorf("%s: %s has no label %s", where, name, label)
			}
		}
	}
	for _, label := range a.grouping {
		if !slices.Contains(known, label) {
			t.Errorf("%s groups by %s, which no metric of %v has", where, label, slices.Sorted(maps.Keys(a.labels)))
		}
	}
}

func labelsOf(name string, documented map[string]metricdocs.Metric) ([]string, bool) {
	if m, ok := documented[name]; ok && m.Kind != "histogram" {
		return m.Labels, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if m, ok := documented[strings.TrimSuffix(name, suffix)]; ok && m.Kind == "histogram" && strings.HasSuffix(name, suffix) {
			if suffix == "_bucket" {
				return append(slices.Clone(m.Labels), "le"), true
			}
			return m.Labels, true
		}
	}
	if strings.HasPrefix(name, "go_sql_") {
		return []string{"db_name"}, true
	}
	return nil, name == "up" || strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_")
}

func TestAlertsAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	documented := metricdocs.Read(t)
	for _, r := range rules(t) {
		checkAsked(t, r.Alert, r.Expr, documented)
	}
}

// TestTheMetricsOfAnExpressionAreFound is about the test above: what it does not see, it cannot miss.
func TestTheMetricsOfAnExpressionAreFound(t *testing.T) {
	t.Parallel()
	got := ask(`sum by (le, http_route) (rate(a_bucket{job="x", http_route=~"$route"}[5m])) / on (job) b_total > 0.5 and absent(up == 1)`)
	names := slices.Sorted(maps.Keys(got.labels))
	if want := []string{"a_bucket", "b_total", "up"}; !slices.Equal(names, want) {
		t.Errorf("got metrics %v, want %v", names, want)
	}
	if want := []string{"job", "http_route"}; !slices.Equal(got.labels["a_bucket"], want) {
		t.Errorf("got labels %v, want %v", got.labels["a_bucket"], want)
	}
	if want := []string{"le", "http_route", "job"}; !slices.Equal(got.grouping, want) {
		t.Errorf("got grouping %v, want %v", got.grouping, want)
	}
}
