package compose_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"tallygate/deploy/internal/testbed"
)

func TestPrometheusRunsOnlyWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, s := range load(t).Services {
		want := []string(nil)
		if name == "prometheus" {
			want = []string{"observability"}
		}
		if !slices.Equal(s.Profiles, want) {
			t.Errorf("%s has the profiles %v, want %v", name, s.Profiles, want)
		}
	}
}

// Prometheus has no sign-in: only this machine may reach it.
func TestPrometheusIsPublishedToThisMachineOnly(t *testing.T) {
	t.Parallel()
	s := load(t, "PROMETHEUS_PORT=9999").Services["prometheus"]
	if len(s.Ports) != 1 || s.Ports[0].HostIP != "127.0.0.1" || s.Ports[0].Published != "9999" {
		t.Errorf("got %+v", s.Ports)
	}
	for _, flag := range []string{"--storage.tsdb.retention.time=", "--storage.tsdb.retention.size="} {
		if !slices.ContainsFunc(s.Command, func(arg string) bool { return strings.HasPrefix(arg, flag) }) {
			t.Errorf("%v has no %s: it fills the disk", s.Command, flag)
		}
	}
	for _, arg := range s.Command {
		if strings.HasPrefix(arg, "--web.enable") {
			t.Errorf("%s lets anybody who reaches it change it", arg)
		}
	}
}

// TestPrometheusAsksEveryReplicaWhereItListens compares prometheus.yml with the stack.
func TestPrometheusAsksEveryReplicaWhereItListens(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "deploy/observability/prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Jobs []struct {
			Name string `yaml:"job_name"`
			DNS  []struct {
				Names []string
				Type  string
				Port  int
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	asked, services := []string{}, load(t).Services
	for _, job := range file.Jobs {
		asked = append(asked, job.Name)
		addr := services[job.Name].Environment["PRIVATE_ADDR"]
		if len(job.DNS) != 1 || !slices.Equal(job.DNS[0].Names, []string{job.Name}) || job.DNS[0].Type != "A" ||
			addr == nil || *addr != ":"+strconv.Itoa(job.DNS[0].Port) {
			t.Errorf("%s: got %+v", job.Name, job.DNS)
		}
	}
	if slices.Sort(asked); !slices.Equal(asked, []string{"auth-service", "gateway", "math-service"}) {
		t.Errorf("got jobs %v", asked)
	}
}
