package service

import (
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tallygate/kit/build"
)

// NewRegistry returns a registry with the process, the Go runtime and tallygate_build_info in it, and with the metrics of what the
// log is written to, if it has any.
func NewRegistry(service string, log io.Writer) *prometheus.Registry {
	current := build.Current()
	reg := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tallygate_build_info", Help: "Always 1. The labels name the service, its version and its commit.",
		ConstLabels: prometheus.Labels{"service": service, "version": current.Version, "commit": current.Commit},
	})
	info.Set(1)
	reg.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if measured, ok := log.(prometheus.Collector); ok {
		reg.MustRegister(measured)
	}
	return reg
}
