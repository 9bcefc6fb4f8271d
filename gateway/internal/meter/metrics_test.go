package meter_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tallygate/gateway/internal/meter"
)

const delivery = 2 * time.Second

func TestTheMetricsHaveGoodNames(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(open(t, t.TempDir(), newLedger(t)).Collectors()...)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}

// inMemory reads the gauge that warns of a full disk.
func inMemory(m *meter.Meter) float64 {
	reg := prometheus.NewRegistry()
	reg.MustRegister(m.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		return -1
	}
	for _, f := range families {
		if f.GetName() == "tallygate_usage_in_memory" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return -1
}
