package system_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// prometheus is a running one.
type prometheus struct{ url string }

// startPrometheus starts it with deploy/observability/prometheus.yml. Only its targets are replaced, and it reads them more often.
// Without the program the test is skipped; in CI it fails.
func startPrometheus(t *testing.T, c *cluster.Cluster) prometheus {
	t.Helper()
	if _, err := exec.LookPath("prometheus"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("no prometheus: install it to try the rules on the services")
	}
	dir, addr := t.TempDir(), testbed.FreeAddress(t)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, prometheusConfig(t, c), 0o600); err != nil {
		t.Fatal(err)
	}
	p := prometheus{url: "http://" + addr}
	process := testbed.Launch(t, testbed.Spec{
		Name: "prometheus",
		Command: func() *exec.Cmd {
			return exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
				"--web.listen-address="+addr)
		},
		Ready: func(ctx context.Context) error { return p.get(ctx, "/-/ready", nil) },
	})
	if err := process.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func prometheusConfig(t *testing.T, c *cluster.Cluster) []byte {
	t.Helper()
	folder := filepath.Join(testbed.Root(), "deploy/observability")
	text, err := os.ReadFile(filepath.Join(folder, "prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	config["global"] = map[string]string{"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"}
	config["rule_files"] = []string{filepath.Join(folder, "alerts.yml")}
	replicas := map[string][]*cluster.Process{"gateway": c.Gateways, "auth-service": c.Auths, "math-service": c.Maths}
	jobs, _ := config["scrape_configs"].([]any)
	for _, one := range jobs {
		job, _ := one.(map[string]any)
		delete(job, "dns_sd_configs")
		name, _ := job["job_name"].(string)
		var targets []string
		for _, replica := range replicas[name] {
			targets = append(targets, strings.TrimPrefix(replica.PrivateURL, "http://"))
		}
		job["static_configs"] = []map[string]any{{"targets": targets}}
	}
	if len(jobs) != len(replicas) {
		t.Fatalf("prometheus.yml has %d jobs", len(jobs))
	}
	text, err = yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// get reads what the API returns, if into is not nil.
func (p prometheus) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var answer struct{ Error string }
		_ = json.NewDecoder(resp.Body).Decode(&answer) // the status is enough
		return fmt.Errorf("%s: %s %s", path, resp.Status, answer.Error)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// TestPrometheusReadsTheServices: a real Prometheus with the rules that are shipped finds every service up, evaluates every rule,
// and no alert fires while all is well. One whose gateway has been killed fires.
func TestPrometheusReadsTheServices(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{})
	p := startPrometheus(t, c)
	testbed.Eventually(t, "all targets are up", func() error { return p.targetsAreUp(t.Context()) })
	callForMetrics(t, c)
	testbed.Eventually(t, "every rule is evaluated", func() error {
		firing, err := p.rules(t.Context())
		if len(firing) > 0 {
			t.Errorf("firing while all is well: %v", firing)
		}
		return err
	})
	if err := c.Gateways[0].Kill(); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "the alerts of a dead gateway are pending", func() error {
		pending, err := p.alerts(t.Context())
		if err == nil && (!slices.Contains(pending, "TallygateNoGateway") || !slices.Contains(pending, "TallygateServiceDown")) {
			err = fmt.Errorf("got %v", pending)
		}
		return err
	})
}

func (p prometheus) targetsAreUp(ctx context.Context) error {
	var answer struct {
		Data struct {
			ActiveTargets []struct{ ScrapePool, Health, LastError string }
		}
	}
	if err := p.get(ctx, "/api/v1/targets", &answer); err != nil {
		return err
	}
	if n := len(answer.Data.ActiveTargets); n != 3 {
		return fmt.Errorf("got %d targets", n)
	}
	for _, target := range answer.Data.ActiveTargets {
		if target.Health != "up" {
			return fmt.Errorf("%s is %s: %s", target.ScrapePool, target.Health, target.LastError)
		}
	}
	return nil
}

// rules returns the alerts that fire. It is an error if a rule was not evaluated well.
func (p prometheus) rules(ctx context.Context) (firing []string, err error) {
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError, State string }
			}
		}
	}
	if err := p.get(ctx, "/api/v1/rules", &answer); err != nil {
		return nil, err
	}
	count := 0
	for _, group := range answer.Data.Groups {
		for _, rule := range group.Rules {
			count++
			if rule.State == "firing" {
				firing = append(firing, rule.Name)
			}
			if rule.Health != "ok" {
				err = fmt.Errorf("%s is %s: %s", rule.Name, rule.Health, rule.LastError)
			}
		}
	}
	if count < 15 {
		err = errors.New("there are too few rules")
	}
	return firing, err
}

// alerts are the names of those that fire, or will if nothing changes.
func (p prometheus) alerts(ctx context.Context) ([]string, error) {
	var answer struct {
		Data struct {
			Alerts []struct{ Labels map[string]string }
		}
	}
	err := p.get(ctx, "/api/v1/alerts", &answer)
	var names []string
	for _, alert := range answer.Data.Alerts {
		names = append(names, alert.Labels["alertname"])
	}
	return names, err
}
