package system_test

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/metricdocs"
)

// TestMetrics checks the names and help texts of all metrics after some traffic.
func TestMetrics(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{})
	callForMetrics(t, c)
	pages := map[string]string{}
	for _, p := range c.Services() {
		got, err := contract.NewClient(p.PrivateURL).Do(http.MethodGet, "/metrics", nil, nil)
		if err != nil || got.Status != http.StatusOK {
			t.Fatalf("%s: got %d (%v), want 200", p.Name, got.Status, err)
		}
		pages[p.Name] = got.Body
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems, err := promlint.New(strings.NewReader(page)).Lint()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range problems {
				t.Errorf("%s: %s", p.Metric, p.Text)
			}
			checkWithPromtool(t, page)
		})
	}
	t.Run("a name means the same in every service", func(t *testing.T) {
		t.Parallel()
		compareFamilies(t, pages)
	})
}

// callForMetrics makes calls that succeed and calls that fail.
func callForMetrics(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	client := contract.NewClient(c.Gateways[0].URL)
	who := contract.Credentials{Username: "ada", Password: "correct horse"}
	if got, err := client.Register(who); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("register: got %d %s (%v), want 201", got.Status, got.Body, err)
	}
	token := client.Token(t, who)
	for _, test := range []struct {
		token, number string
		want          int
	}{{token, "9", http.StatusOK}, {"nonsense", "9", http.StatusUnauthorized}, {token, "nine", http.StatusUnprocessableEntity}} {
		if got, err := client.Root(test.token, test.number, "0.5"); err != nil || got.Status != test.want {
			t.Errorf("/root?number=%s: got %d %s (%v), want %d", test.number, got.Status, got.Body, err, test.want)
		}
	}
	wrong := contract.Credentials{Username: "ada", Password: "wrong horse"}
	if got, err := client.Post("/token", wrong); err != nil || got.Status != http.StatusUnauthorized {
		t.Errorf("a wrong password: got %d %s (%v), want 401", got.Status, got.Body, err)
	}
}

// checkWithPromtool runs the checks of Prometheus itself.
func checkWithPromtool(t *testing.T, page string) {
	t.Helper()
	t.Run("promtool check metrics", func(t *testing.T) {
		t.Parallel()
		if _, err := exec.LookPath("promtool"); err != nil {
			t.Skip("no promtool: install prometheus to check the metrics with it")
		}
		cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
		cmd.Stdin = strings.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// compareFamilies checks that a name that several services expose has one type, one help text and the same labels, and
// that all are as documented.
func compareFamilies(t *testing.T, pages map[string]string) {
	t.Helper()
	type owner struct {
		service string
		family  *dto.MetricFamily
	}
	first, documented := map[string]owner{}, metricdocs.Read(t)
	for service, page := range pages {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(page))
		if err != nil {
			t.Fatalf("%s: %v", service, err)
		}
		checkDocumented(t, service, families, documented)
		for name, family := range families {
			other, known := first[name]
			if !known {
				first[name] = owner{service, family}
				continue
			}
			if family.GetHelp() != other.family.GetHelp() || family.GetType() != other.family.GetType() {
				t.Errorf("%s: %s has %s %q, %s has %s %q", name, service, family.GetType(), family.GetHelp(),
					other.service, other.family.GetType(), other.family.GetHelp())
			}
			if got, want := labels(family), labels(other.family); !slices.Equal(got, want) {
				t.Errorf("%s: %s has the labels %v, %s has %v", name, service, got, other.service, want)
			}
		}
	}
}

// labels are the names of a family's labels.
func labels(family *dto.MetricFamily) []string {
	var names []string
	for _, metric := range family.GetMetric() {
		for _, pair := range metric.GetLabel() {
			if !slices.Contains(names, pair.GetName()) {
				names = append(names, pair.GetName())
			}
		}
	}
	slices.Sort(names)
	return names
}
