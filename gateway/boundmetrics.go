package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/kit/disk"
)

// boundMetrics report what the gateway can run out of: connections, the disk, and the certificate's time.
func (g *gateway) boundMetrics() []prometheus.Collector {
	all := []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tallygate_gateway_connections_limit", Help: "How many connections of clients may be open.",
		}, func() float64 { return float64(g.cfg.memory.connections) }),
		disk.NewCollector("state", g.cfg.stateDir),
	}
	if g.cert != nil {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tallygate_gateway_certificate_not_after_seconds", Help: "When the certificate in use ends, in Unix time.",
		}, func() float64 { return float64(g.cert.current.Load().Leaf.NotAfter.Unix()) }))
	}
	return all
}
