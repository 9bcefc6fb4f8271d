package check

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"

	"tallygate/kit/token"
)

// entry is one verified token. Its key is the text of the field that it came in.
type entry struct {
	field     string
	hash      uint64
	claims    token.Claims
	expiresAt int64  // Unix nanoseconds
	keys      uint64 // the version of the keys that verified it
	user      *user
	used      atomic.Bool // since the last eviction
}

// tokens is a table of entries that is read without a lock: open addressing, at most half full. Entries are never removed
// in place; a new table replaces the old one.
//
// It is not token.Cache, which services behind the gateway use. That one takes a lock for each lookup, its key is the
// token and not the whole field, and it returns claims only. Here the entry leads to its user's state.
type tokens struct {
	seed       maphash.Seed
	slots      atomic.Pointer[[]atomic.Pointer[entry]]
	maxEntries int

	mu   sync.Mutex // writing
	held int
}

const minSlots = 256

func newTokens(maxEntries int) *tokens {
	t := &tokens{seed: maphash.MakeSeed(), maxEntries: maxEntries}
	t.empty(minSlots)
	return t
}

func (t *tokens) empty(slots int) {
	table := make([]atomic.Pointer[entry], slots)
	t.slots.Store(&table)
	t.held = 0
}

// get finds an entry. The field may be a view of a buffer that changes later.
func (t *tokens) get(field string) *entry {
	hash := maphash.String(t.seed, field)
	table := *t.slots.Load()
	mask := uint64(len(table) - 1)
	for i := hash; ; i++ {
		e := table[i&mask].Load()
		if e == nil || e.hash == hash && e.field == field {
			return e
		}
	}
}

// put adds an entry, or replaces the one for the same field. It keeps a copy of the field's text.
func (t *tokens) put(e *entry, now int64) {
	e.field = strings.Clone(e.field)
	e.hash = maphash.String(t.seed, e.field)
	e.used.Store(true)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held >= t.maxEntries {
		t.rebuild(func(old *entry) bool { return old.expiresAt > now && old.used.Swap(false) })
		if 4*t.held > 3*t.maxEntries { // nearly all are in use: forget half of them
			n := 0
			t.rebuild(func(*entry) bool { n++; return n%2 == 0 })
		}
	}
	if 2*(t.held+1) > len(*t.slots.Load()) {
		t.rebuild(func(*entry) bool { return true })
	}
	t.place(e)
}

// place puts an entry into the current table. There is room.
func (t *tokens) place(e *entry) {
	table := *t.slots.Load()
	mask := uint64(len(table) - 1)
	for i := e.hash; ; i++ {
		at := &table[i&mask]
		old := at.Load()
		if old == nil {
			t.held++
		} else if old.hash != e.hash || old.field != e.field {
			continue
		}
		at.Store(e)
		return
	}
}

// rebuild makes a table of the entries to keep, with room for as many more. A call that still reads the old table may find
// an entry that the new one does not have.
func (t *tokens) rebuild(keep func(*entry) bool) {
	old := *t.slots.Load()
	kept := make([]*entry, 0, t.held)
	for i := range old {
		if e := old[i].Load(); e != nil && keep(e) {
			kept = append(kept, e)
		}
	}
	size := minSlots
	for size < 4*(len(kept)+1) {
		size *= 2
	}
	next := make([]atomic.Pointer[entry], size)
	mask := uint64(size - 1)
	for _, e := range kept {
		i := e.hash
		for next[i&mask].Load() != nil {
			i++
		}
		next[i&mask].Store(e)
	}
	t.slots.Store(&next)
	t.held = len(kept)
}

// sweep forgets expired tokens.
func (t *tokens) sweep(now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rebuild(func(e *entry) bool { return e.expiresAt > now })
}

// clear forgets all.
func (t *tokens) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.empty(minSlots)
}

func (t *tokens) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}
