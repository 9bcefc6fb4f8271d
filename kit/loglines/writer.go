// Package loglines writes a service's log so that no call ever waits for whoever reads it. Lines go through a bounded buffer; a
// goroutine writes them. Lines that find no room are dropped and counted: a reader that stands still, or has gone, costs lines and
// nothing else.
package loglines

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Writer passes lines on to another writer. It is safe for concurrent use. It is a prometheus.Collector: of its own metric.
type Writer struct {
	out io.Writer
	max int

	mu      sync.Mutex
	pending []byte // whole lines
	untold  int64  // lines dropped since tell was last called
	tell    func(dropped int64)
	closed  bool

	wake    chan struct{}
	ended   chan struct{}
	lost    atomic.Int64
	dropped prometheus.Collector
}

// New returns a Writer that keeps at most so many bytes. Close has to follow.
func New(out io.Writer, maxBytes int) *Writer {
	w := &Writer{out: out, max: maxBytes, wake: make(chan struct{}, 1), ended: make(chan struct{}), tell: func(int64) {}}
	w.dropped = prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "tallygate_log_lines_dropped_total", Help: "Log lines that were dropped because they were not read in time.",
	}, func() float64 { return float64(w.Dropped()) })
	go w.run()
	return w
}

// OnDropped has f called, once lines can be written again, with the number of those that were dropped. f may log.
func (w *Writer) OnDropped(f func(dropped int64)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tell = f
}

// Write takes whole lines, and never fails: to its caller, a line that is dropped is written.
func (w *Writer) Write(lines []byte) (int, error) {
	w.mu.Lock()
	if w.closed || len(w.pending)+len(lines) > w.max {
		w.drop(lines)
	} else {
		w.pending = append(w.pending, lines...)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return len(lines), nil
}

// drop counts lines that are not written. w.mu is held.
func (w *Writer) drop(lines []byte) {
	n := int64(bytes.Count(lines, []byte("\n")))
	w.untold += n
	w.lost.Add(n)
}

func (w *Writer) run() {
	defer close(w.ended)
	var batch []byte
	for range w.wake {
		w.mu.Lock()
		batch, w.pending = w.pending, batch[:0]
		closed := w.closed
		w.mu.Unlock()
		written, err := len(batch), error(nil)
		if len(batch) > 0 {
			written, err = w.out.Write(batch)
		}
		w.mu.Lock()
		w.drop(batch[written:])
		untold, tell := w.untold, w.tell
		again := err == nil && len(w.pending) <= w.max/2 // the line that tells finds room
		if again {
			w.untold = 0
		}
		w.mu.Unlock()
		if closed {
			return
		}
		if again && untold > 0 {
			tell(untold)
		}
	}
}

// Close writes what is left, and returns when that is done, or after the timeout. Later lines are dropped.
func (w *Writer) Close(timeout time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-w.ended:
	case <-timer.C:
	}
}

// Dropped is how many lines were dropped so far.
func (w *Writer) Dropped() int64 { return w.lost.Load() }

// Describe implements prometheus.Collector.
func (w *Writer) Describe(to chan<- *prometheus.Desc) { w.dropped.Describe(to) }

// Collect implements prometheus.Collector.
func (w *Writer) Collect(to chan<- prometheus.Metric) { w.dropped.Collect(to) }
