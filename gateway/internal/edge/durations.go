package edge

import (
	"sync/atomic"
	"time"

	"tallygate/kit/httpd"
)

// routeDurations are the durations of a route's requests, by method and status. A series takes memory from its first
// request on; the methods that HTTP defines and the statuses from 100 to 599 bound how many there are.
type routeDurations struct {
	byMethod [httpd.Methods]atomic.Pointer[durations]
}

// durations is a histogram for one status, and an element of the list of a method's statuses. A route has few statuses,
// so a list is both smaller and faster than a table.
type durations struct {
	status  int
	buckets []atomic.Uint64 // one more than steps
	nanos   atomic.Int64
	next    atomic.Pointer[durations]
}

// of returns the series of a method and a status. It takes no lock, and allocates only the first time.
func (r *routeDurations) of(method httpd.Method, status, buckets int) *durations {
	link := &r.byMethod[method]
	var fresh *durations
	for {
		d := link.Load()
		if d == nil {
			if fresh == nil {
				fresh = &durations{status: status, buckets: make([]atomic.Uint64, buckets)}
			}
			if link.CompareAndSwap(nil, fresh) {
				return fresh
			}
			continue // another request was faster: perhaps with this very status
		}
		if d.status == status {
			return d
		}
		link = &d.next
	}
}

// observe counts a request. steps are the upper bounds of all buckets but the last.
func (r *routeDurations) observe(method httpd.Method, status int, took time.Duration, steps []time.Duration) {
	d := r.of(method, status, len(steps)+1)
	i := 0
	for i < len(steps) && took > steps[i] {
		i++
	}
	d.buckets[i].Add(1)
	d.nanos.Add(int64(took))
}
