package upstream_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

func TestTheMetricsCountReplicasByState(t *testing.T) {
	t.Parallel()
	addrs := append(servers(t, 3), "127.0.0.1:1")
	// The watch does not run: time stands still, and what is ejected stays so.
	registry := upstream.New(upstream.Config{Watch: wire.NewWatch(), Log: slog.New(slog.DiscardHandler)})
	u := registry.Start(t.Context(), upstream.Spec{Addresses: addrs})
	until(t, "the last one is found unhealthy", func() bool { return !u.Replicas()["127.0.0.1:1"] })
	u.Fail(addrs[0])
	gathered := prometheus.NewRegistry()
	gathered.MustRegister(registry.Collector())
	states := func() map[string]float64 {
		families, err := gathered.Gather()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]float64{}
		for _, family := range families {
			for _, one := range family.GetMetric() {
				for _, l := range one.GetLabel() {
					if l.GetName() == "state" {
						all[l.GetValue()] = one.GetGauge().GetValue()
					} else if l.GetName() == "upstream" && l.GetValue() != strings.Join(addrs, ",") {
						t.Errorf("got %s %s", l.GetName(), l.GetValue())
					}
				}
			}
		}
		return all
	}
	if got := states(); got["healthy"] != 2 || got["unhealthy"] != 1 || got["ejected"] != 1 {
		t.Errorf("got %v, want 2 healthy, 1 unhealthy and 1 ejected", got)
	}
	u.Stop()
	if got := states(); len(got) != 0 {
		t.Errorf("an upstream that is no longer in use: got %v", got)
	}
}
