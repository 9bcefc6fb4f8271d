package disk_test

import (
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tallygate/kit/disk"
)

// samples are the values of the collector, by the metric's name. Each has to have the label.
func samples(t *testing.T, name, path string) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(disk.NewCollector(name, path))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if got := m.GetLabel(); len(got) != 1 || got[0].GetName() != "folder" || got[0].GetValue() != name {
				t.Errorf("%s has the labels %v", family.GetName(), got)
			}
			all[family.GetName()] = value(m)
		}
	}
	return all
}

func value(m *dto.Metric) float64 { return m.GetGauge().GetValue() }

func TestAFolderHasSpace(t *testing.T) {
	t.Parallel()
	got := samples(t, "state", t.TempDir())
	free, size := got["tallygate_disk_free_bytes"], got["tallygate_disk_size_bytes"]
	if free <= 0 || size < free {
		t.Errorf("got %g of %g bytes free", free, size)
	}
}

// A folder that is not there yet fails no scrape: it has no samples.
func TestAFolderThatIsNotThereHasNoSamples(t *testing.T) {
	t.Parallel()
	if got := samples(t, "state", filepath.Join(t.TempDir(), "missing")); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
