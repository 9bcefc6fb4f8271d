package check_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestTheMetricsHaveGoodNames(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		f.expect(t, "a lookup", 7, 200)
		f.expect(t, "a refusal", 8, 401)
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(f.Collectors()...)
		problems, err := testutil.GatherAndLint(reg)
		if err != nil || len(problems) > 0 {
			t.Error(problems, err)
		}
	})
}

func gauge(t *testing.T, f *fixture, name string) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(f.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
