package main

import (
	"crypto/x509"
	"math"

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
	if g.certs != nil {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tallygate_gateway_certificate_not_after_seconds", Help: "When the certificate in use ends, in Unix time. The first of several. 0: one is missing.",
		}, func() float64 { return firstEnd(g.certs.Leaves()) }))
	}
	return all
}

// firstEnd is when the first of the certificates ends, in Unix time; 0 if one is missing.
func firstEnd(leaves []*x509.Certificate) float64 {
	first := math.Inf(1)
	for _, leaf := range leaves {
		if leaf == nil {
			return 0
		}
		first = min(first, float64(leaf.NotAfter.Unix()))
	}
	return first
}
