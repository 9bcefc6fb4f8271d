package meter

import (
	"math"
	"sync/atomic"
	"time"
)

// row has the counts of one (user, API key, route, hour). It has the same form in memory and in the file: 64 bytes, one
// cache line. Numbers are in the machine's byte order: a segment is read by the same kind of machine.
type row struct {
	user int64
	// key is stored last when a row is made. Until then the row does not count as made.
	key    atomic.Uint64
	apiKey uint64 // 0 without one

	// extra is units less requests, so that a call that costs one unit, as most do, needs no addition of its own.
	extra             atomic.Int64
	bytesIn, bytesOut atomic.Uint64

	requests, clientErrors, serverErrors, rateLimited atomic.Uint32
}

const rowBytes = 64

// fullCount is where a row gets a successor, long before a counter of 32 bits is full: more calls than 2^31 are never
// between finding a row and counting in it.
const fullCount = 1 << 31

// A key holds a mark, the route and the hour: 16, 16 and 32 bits. The mark says which form the row has, so that a row can
// be read though the header of its file is torn.
const (
	keyMark      = uint64(0x7a2e) << 48
	keyMarkMask  = uint64(0xffff) << 48
	secondsAHour = 3600
)

func newKey(route RouteID, at time.Time) uint64 {
	return keyMark | uint64(route)<<32 | uint64(uint32(at.Unix()/secondsAHour))
}

func keyRoute(key uint64) RouteID { return RouteID(key >> 32) }

func keyHour(key uint64) time.Time {
	return time.Unix(int64(uint32(key))*secondsAHour, 0).UTC()
}

// owner is what a row counts for, beside its key.
type owner struct {
	user   int64
	apiKey uint64
}

// counts is what is added to a row, and what is read from one.
type counts struct {
	requests, units, clientErrors, serverErrors, rateLimited, bytesIn, bytesOut uint64
}

// add reports whether the row is full: it takes more, but soon no more.
func (r *row) add(c *counts) (full bool) {
	full = addTo32(&r.requests, c.requests)
	if extra := int64(c.units - c.requests); extra != 0 {
		r.extra.Add(extra)
	}
	full = addTo32(&r.clientErrors, c.clientErrors) || full
	full = addTo32(&r.serverErrors, c.serverErrors) || full
	full = addTo32(&r.rateLimited, c.rateLimited) || full
	addTo(&r.bytesIn, c.bytesIn)
	addTo(&r.bytesOut, c.bytesOut)
	return full
}

func addTo(counter *atomic.Uint64, n uint64) {
	if n != 0 {
		counter.Add(n)
	}
}

func addTo32(counter *atomic.Uint32, n uint64) (full bool) {
	return n != 0 && counter.Add(uint32(n)) >= fullCount
}

// tally is what is read from a row, of any version.
type tally struct {
	owner
	key uint64
	counts
}

func (r *row) read() tally {
	requests := uint64(r.requests.Load())
	return tally{owner{r.user, r.apiKey}, r.key.Load(), counts{
		requests: requests, units: requests + uint64(r.extra.Load()),
		clientErrors: uint64(r.clientErrors.Load()), serverErrors: uint64(r.serverErrors.Load()),
		rateLimited: uint64(r.rateLimited.Load()), bytesIn: r.bytesIn.Load(), bytesOut: r.bytesOut.Load(),
	}}
}

// What the ledger accepts. A torn page may hold anything, and the ledger would refuse the whole batch for one such row.
const (
	maxCount  = 1 << 53
	firstHour = 262_968   // 2000-01-01T00:00Z, in hours since 1970
	lastHour  = 2_016_143 // 2199-12-31T23:00Z
)

// plausible reports whether a gateway may have written this.
func (t *tally) plausible() bool {
	hour := uint32(t.key)
	if t.key&keyMarkMask != keyMark || t.user <= 0 || t.apiKey > math.MaxInt64 || keyRoute(t.key) >= maxRoutes ||
		hour < firstHour || hour > lastHour {
		return false
	}
	c := &t.counts
	return max(c.requests, c.units, c.clientErrors, c.serverErrors, c.rateLimited, c.bytesIn, c.bytesOut) <= maxCount
}
