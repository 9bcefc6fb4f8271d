package meter

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	inMemory   atomic.Bool
	batches    *prometheus.CounterVec
	rows       prometheus.Counter
	seconds    prometheus.Histogram
	refused    prometheus.Counter
	adopted    prometheus.Counter
	torn       prometheus.Counter
	syncErrors prometheus.Counter
	collectors []prometheus.Collector
}

func newMetrics(m *Meter) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
	}
	x := &metrics{
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_usage_batches_total", Help: "Batches of usage sent to the ledger.",
		}, []string{"result"}),
		rows: counter("tallygate_usage_rows_total", "Rows of usage that the ledger has taken."),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tallygate_usage_delivery_seconds", Help: "Seconds that the ledger took for a batch.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		refused:    counter("tallygate_usage_refused_total", "Times that the ledger refused a batch."),
		adopted:    counter("tallygate_usage_adopted_total", "Dead gateways whose usage this one delivered."),
		torn:       counter("tallygate_usage_torn_rows_total", "Rows left out because a power failure had damaged them."),
		syncErrors: counter("tallygate_usage_sync_errors_total", "Times that usage could not be synced to the disk."),
	}
	x.collectors = []prometheus.Collector{
		x.batches, x.rows, x.seconds, x.refused, x.adopted, x.torn, x.syncErrors,
		gauge("tallygate_usage_waiting_rows", "Rows that are counted and not delivered.", func() float64 { return float64(m.waitingRows()) }),
		gauge("tallygate_usage_undelivered_seconds", "Age of the oldest count that may not be in the ledger.", func() float64 {
			return m.cfg.Now().Sub(m.DeliveredUpTo()).Seconds()
		}),
		gauge("tallygate_usage_in_memory", "1 while STATE_DIR cannot be written and a crash would lose counts.", func() float64 {
			if m.InMemory() {
				return 1
			}
			return 0
		}),
	}
	return x
}

func (x *metrics) sent(err error, rows int, took time.Duration) {
	if err != nil {
		x.batches.WithLabelValues("failed").Inc()
		return
	}
	x.batches.WithLabelValues("delivered").Inc()
	x.rows.Add(float64(rows))
	x.seconds.Observe(took.Seconds())
}

func (m *Meter) waitingRows() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := m.active.Load().used.Load()
	for _, s := range m.waiting {
		rows += s.used.Load()
	}
	return rows
}

// Undelivered is how many calls were counted and not delivered when the last delivery ended, well or not.
func (m *Meter) Undelivered() int64 { return m.undelivered.Load() }

// countUndelivered reads every row, so it is for the delivering goroutine only: no other takes their memory away.
func (m *Meter) countUndelivered() {
	m.mu.Lock()
	segments := slices.Concat(m.waiting, *m.active.Load().segments.Load())
	m.mu.Unlock()
	var calls int64
	for _, s := range segments {
		rows := s.filled()
		for i := range rows {
			calls += int64(rows[i].requests.Load())
		}
	}
	m.undelivered.Store(calls)
}

// InMemory reports whether STATE_DIR cannot be written, so that a crash would lose counts.
func (m *Meter) InMemory() bool { return m.metrics.inMemory.Load() || m.rowsInMemory() > 0 }

// Refusal is why the ledger refuses batches of this gateway, which are kept; nil if it refuses none.
func (m *Meter) Refusal() error {
	if why := m.refusal.Load(); why != nil {
		return *why
	}
	return nil
}

// Collectors are the meter's metrics. None has a label that names a user.
func (m *Meter) Collectors() []prometheus.Collector { return m.metrics.collectors }
