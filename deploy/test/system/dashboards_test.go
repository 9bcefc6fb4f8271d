package system_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// query is what a panel of a dashboard asks for, as Grafana sends it.
type query struct{ panel, expr string }

func dashboardQueries(t *testing.T) []query {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "deploy/observability/grafana/tallygate.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$__rate_interval", "1m", "$route", ".*")
	var all []query
	for _, p := range file.Panels {
		for _, target := range p.Targets {
			all = append(all, query{p.Title, variables.Replace(target.Expr)})
		}
	}
	if len(all) < 40 {
		t.Fatalf("got %d queries", len(all))
	}
	return all
}

// TestDashboardsShowSomething asks a real Prometheus for everything that the dashboard shows. It understands every expression. What
// needs TLS or a quota is empty here, and nothing else is: an expression whose labels do not match would be.
func TestDashboardsShowSomething(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{})
	p := startPrometheus(t, c)
	callForMetrics(t, c)
	queries := dashboardQueries(t)
	testbed.Eventually(t, "samples for each query", func() error {
		var empty []error
		for _, q := range queries {
			var answer struct {
				Data struct{ Result []any }
			}
			if err := p.get(t.Context(), "/api/v1/query?query="+url.QueryEscape(q.expr), &answer); err != nil {
				t.Fatalf("%s: %v", q.panel, err) // a query that is wrong stays wrong
			}
			if len(answer.Data.Result) == 0 && !q.mayBeEmpty() {
				empty = append(empty, fmt.Errorf("%s has no sample for %s", q.panel, q.expr))
			}
		}
		return errors.Join(empty...)
	})
}

// mayBeEmpty is true of what has samples only with TLS or with a quota.
func (q query) mayBeEmpty() bool {
	return strings.Contains(q.expr, "certificate_not_after") || strings.Contains(q.expr, "lease")
}
