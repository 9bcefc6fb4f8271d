package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/wire"
)

// memoryPlan is how the gateway shares out the memory that it may use. docs/adr/0015-memory-budget.md says why.
type memoryPlan struct {
	budget        int64 // for what clients hold, in bytes
	connections   int
	tokens, users int // remembered
	rateMarks     int
	descriptions  int // bytes of the APIs' descriptions, and again of what is made of them
}

// What one of each is counted with, and the bounds that hold on a machine with much memory or without a limit.
const (
	plainConnectionBytes = 20 << 10 // with a request in flight, and the connection to its upstream
	tlsConnectionBytes   = 40 << 10
	tokenBytes           = 800
	userBytes            = 200
	markBytes            = 110

	unlimitedBytes       = 4 << 30
	unlimitedConnections = 20_000
	maxConnections       = 1 << 20
	maxTokens            = 250_000
	maxUsers             = 1_000_000
	maxMarks             = 1 << 20
	maxDescriptions      = 8 << 20
)

// planMemory shares limit out. If it is not known, the plan is for a machine with enough memory.
func planMemory(limit int64, known, secure bool) memoryPlan {
	connection := int64(plainConnectionBytes)
	if secure {
		connection = tlsConnectionBytes
	}
	if !known {
		limit = unlimitedBytes
	}
	p := memoryPlan{
		budget:      limit / 8 * 5,
		connections: within(64, limit/2/connection, maxConnections),
		tokens:      within(1000, limit/16/tokenBytes, maxTokens),
		users:       within(1000, limit/16/userBytes, maxUsers),
		rateMarks:   within(1000, limit/32/markBytes, maxMarks),

		descriptions: within(1<<20, limit/32, maxDescriptions),
	}
	if !known {
		p.connections = unlimitedConnections
	}
	return p
}

func within(lowest, n, highest int64) int { return int(max(lowest, min(n, highest))) }

// memoryMetrics report the budget.
func memoryMetrics(b *wire.Budget) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tallygate_gateway_memory_budget_bytes", Help: "Memory for what clients hold: connections, buffers and streams.",
		}, func() float64 { return float64(b.Limit()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tallygate_gateway_memory_used_bytes", Help: "Memory that clients hold, by the gateway's own count.",
		}, func() float64 { return float64(b.Used()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "tallygate_gateway_memory_refused_total", Help: "Times that a request or stream was refused because the budget was used up.",
		}, func() float64 { return float64(b.Refused()) }),
	}
}
