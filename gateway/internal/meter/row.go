package meter

import (
	"sync/atomic"
	"time"
)

// row has the counts of one (user, route, hour). It has the same form in memory and in the file: 64 bytes, one cache line.
// Numbers are in the machine's byte order: a segment is read by the same kind of machine.
type row struct {
	user int64
	// key is stored last when a row is made. Until then the row does not count as made.
	key atomic.Uint64

	requests, clientErrors, serverErrors, rateLimited, bytesIn, bytesOut atomic.Uint64
}

const rowBytes = 64

// A key holds a mark, the route and the hour: 16, 16 and 32 bits.
const (
	keyMark      = uint64(0x7a1e) << 48
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

// counts is what is added to a row, and what is read from one.
type counts struct {
	requests, clientErrors, serverErrors, rateLimited, bytesIn, bytesOut uint64
}

func (r *row) add(c *counts) {
	addTo(&r.requests, c.requests)
	addTo(&r.clientErrors, c.clientErrors)
	addTo(&r.serverErrors, c.serverErrors)
	addTo(&r.rateLimited, c.rateLimited)
	addTo(&r.bytesIn, c.bytesIn)
	addTo(&r.bytesOut, c.bytesOut)
}

func addTo(counter *atomic.Uint64, n uint64) {
	if n != 0 {
		counter.Add(n)
	}
}

func (r *row) read() counts {
	return counts{
		r.requests.Load(), r.clientErrors.Load(), r.serverErrors.Load(), r.rateLimited.Load(),
		r.bytesIn.Load(), r.bytesOut.Load(),
	}
}

// What the ledger accepts. A torn page may hold anything, and the ledger would refuse the whole batch for one such row.
const (
	maxCount  = 1 << 53
	firstHour = 262_968   // 2000-01-01T00:00Z, in hours since 1970
	lastHour  = 2_016_143 // 2199-12-31T23:00Z
)

// plausible reports whether a gateway may have written this row.
func (r *row) plausible() bool {
	key := r.key.Load()
	hour := uint32(key)
	if key&keyMarkMask != keyMark || r.user <= 0 || keyRoute(key) >= maxRoutes || hour < firstHour || hour > lastHour {
		return false
	}
	c := r.read()
	return max(c.requests, c.clientErrors, c.serverErrors, c.rateLimited, c.bytesIn, c.bytesOut) <= maxCount
}
