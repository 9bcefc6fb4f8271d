package meter

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// table finds the row of an owner and a key among the segments that are being written. Rows are never removed, and are found
// without a lock. When its segments are full, the table grows by one.
type table struct {
	grow func(rows int) *segment

	index    atomic.Pointer[index]
	segments atomic.Pointer[[]*segment]
	mu       sync.Mutex // adding rows
	used     atomic.Int64

	sealed  atomic.Bool
	writers [writerLanes]writerLane
}

// index holds places of rows by hash: open addressing, at most half full. 0 is a free slot. Any other number is the
// segment's place in the table, times maxRows, plus the row's place in the segment, plus 1.
type index []atomic.Uint32

// writerLane counts the writers at this moment. Each lane has a cache line of its own, so that cores do not contend for one
// counter.
type writerLane struct {
	n atomic.Int64
	_ [56]byte
}

const writerLanes = 32

func newTable(first *segment, grow func(rows int) *segment) *table {
	t := &table{grow: grow}
	slots := make(index, 2*len(first.rows))
	t.index.Store(&slots)
	t.segments.Store(&[]*segment{first})
	return t
}

// add adds to the row of owner and key, which is made if it is not there. It reports false, and adds nothing, if the
// table is sealed: then another table is active.
func (t *table) add(of owner, key uint64, c *counts) bool {
	lane := &t.writers[uint64(of.user)%writerLanes]
	lane.n.Add(1)
	defer lane.n.Add(-1)
	// seal sets sealed first and then waits for the lanes. So this call sees sealed, or seal sees this writer.
	if t.sealed.Load() {
		return false
	}
	r, _ := t.find(of, key)
	if r == nil {
		r = t.insert(of, key)
	}
	if r.add(c) {
		t.succeed(r)
	}
	return true
}

func slot(of owner, key uint64) uint64 {
	h := (uint64(of.user)*0x9e3779b97f4a7c15 ^ of.apiKey*0xc2b2ae3d27d4eb4f ^ key) * 0xd6e8feb86659fd93
	return h ^ h>>32
}

// find returns the row, and the slot that leads to it; nil if there is none.
func (t *table) find(of owner, key uint64) (*row, *atomic.Uint32) {
	slots := *t.index.Load()
	mask := uint64(len(slots) - 1)
	for i := slot(of, key); ; i++ {
		at := &slots[i&mask]
		place := at.Load()
		if place == 0 {
			return nil, nil
		}
		if r := t.row(place); r.user == of.user && r.key.Load() == key && r.apiKey == of.apiKey {
			return r, at
		}
	}
}

func (t *table) row(place uint32) *row {
	place--
	return &(*t.segments.Load())[place/maxRows].rows[place%maxRows]
}

// insert makes the row, unless another writer just has.
func (t *table) insert(of owner, key uint64) *row {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, _ := t.find(of, key); r != nil {
		return r
	}
	r, place := t.newRow(of, key)
	if 2*t.used.Add(1) > int64(len(*t.index.Load())) {
		t.widen()
	}
	t.index.Load().put(slot(of, key), place)
	return r
}

// succeed puts a new row in the place of a full one. Writers that have found the full one still add to it.
func (t *table) succeed(full *row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of, key := owner{full.user, full.apiKey}, full.key.Load()
	if r, at := t.find(of, key); r == full {
		_, place := t.newRow(of, key)
		t.used.Add(1)
		at.Store(place)
	}
}

// newRow makes a row and returns it with its place. t.mu is held.
func (t *table) newRow(of owner, key uint64) (*row, uint32) {
	segments := *t.segments.Load()
	last := segments[len(segments)-1]
	n := last.used.Load()
	if n == int64(len(last.rows)) {
		last, n = t.grow(min(2*len(last.rows), maxRows)), 0
		segments = append(slices.Clip(segments), last)
		t.segments.Store(&segments)
	}
	r := &last.rows[n]
	r.user, r.apiKey = of.user, of.apiKey
	r.key.Store(key)
	last.used.Store(n + 1)
	return r, uint32((len(segments)-1)*maxRows + int(n) + 1)
}

// widen makes an index of twice the size. A writer that still reads the old index misses new rows. It then calls insert,
// which looks again under the lock.
func (t *table) widen() {
	old := *t.index.Load()
	wide := make(index, 2*len(old))
	for i := range old {
		if place := old[i].Load(); place != 0 {
			r := t.row(place)
			wide.put(slot(owner{r.user, r.apiKey}, r.key.Load()), place)
		}
	}
	t.index.Store(&wide)
}

func (x index) put(h uint64, place uint32) {
	mask := uint64(len(x) - 1)
	for i := h; ; i++ {
		if at := &x[i&mask]; at.Load() == 0 {
			at.Store(place)
			return
		}
	}
}

// seal ends writing and returns the segments, whose rows never change again.
func (t *table) seal() []*segment {
	t.sealed.Store(true)
	for i := range t.writers {
		for t.writers[i].n.Load() != 0 {
			t.mu.Lock()       // a writer that grows the table holds it, which may take long
			t.mu.Unlock()     //nolint:staticcheck // it is only waited for
			runtime.Gosched() // other writers are done within microseconds, unless their thread does not run
		}
	}
	return *t.segments.Load()
}
