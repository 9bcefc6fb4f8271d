package check

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"tallygate/kit/token"
)

// entry is one verified token.
type entry struct {
	raw       string // the key: the same in whatever form it comes
	hash      uint64
	claims    token.Claims
	expiresAt int64 // Unix nanoseconds
	user      *user
	keys      atomic.Uint64 // the version of the keys that verified it
	used      atomic.Bool   // since the last eviction
	asked     uint64        // the history in which auth-service was asked about the token; 0: it was not
	lost      bool          // auth-service has never heard of its session, or its API key has ended
	key       *swapped      // nil unless raw is an API key
}

// tokens is a table of entries that is read without a lock: open addressing, at most half full. A slot that was taken is
// never empty again, because the entries behind it would not be found: a removed entry leaves the mark removed, and a new
// table replaces the old one when too few slots are empty.
//
// It is not token.Cache, which services behind the gateway use. That one takes a lock for each lookup, knows no users, and
// returns claims only. Here the entry leads to its user's state.
type tokens struct {
	seed       maphash.Seed
	slots      atomic.Pointer[[]atomic.Pointer[entry]]
	removed    *entry
	maxEntries int
	maxPerUser int

	mu    sync.Mutex // writing
	held  int
	taken int // slots that are not empty
}

const (
	minSlots = 256
	// maxPerUser bounds a user's entries: enough for the tokens and API keys that one user's programs use at one time. Each
	// refresh issues another token, so without a bound one user could fill the table.
	maxPerUser = 200
	// minUsers is how many users a small table has room for.
	minUsers = 64
)

func newTokens(maxEntries int) *tokens {
	t := &tokens{seed: maphash.MakeSeed(), maxEntries: maxEntries, maxPerUser: min(maxPerUser, max(maxEntries/minUsers, 1))}
	t.removed = &entry{expiresAt: math.MaxInt64, user: new(user)} // if it were found, it would lead to no state
	t.empty(minSlots)
	return t
}

func (t *tokens) empty(slots int) {
	table := make([]atomic.Pointer[entry], slots)
	t.slots.Store(&table)
	t.held, t.taken = 0, 0
}

// get finds a token's entry. The token may be a view of a buffer that changes later.
func (t *tokens) get(raw string) *entry {
	hash := maphash.String(t.seed, raw)
	table := *t.slots.Load()
	mask := uint64(len(table) - 1)
	for i := hash; ; i++ {
		e := table[i&mask].Load()
		if e == nil || e.hash == hash && e.raw == raw {
			return e
		}
	}
}

// put adds an entry, or replaces the one for the same token.
func (t *tokens) put(e *entry, now int64) {
	e.hash = maphash.String(t.seed, e.raw)
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
	if 2*(t.taken+1) > len(*t.slots.Load()) {
		t.rebuild(func(*entry) bool { return true })
	}
	t.place(e)
	if own := e.user.tokens; len(own) > t.maxPerUser {
		t.remove(own[0])
	}
}

// place puts an entry into the current table. There is room.
func (t *tokens) place(e *entry) {
	at := t.slot(e)
	old := at.Load()
	if old == nil {
		t.taken++
	} else {
		t.forgotten(old)
	}
	at.Store(e)
	t.held++
	e.user.tokens = append(e.user.tokens, e)
}

// slot is where the entry is, or the one for the same token, or else where there is room for it.
func (t *tokens) slot(e *entry) *atomic.Pointer[entry] {
	table := *t.slots.Load()
	mask := uint64(len(table) - 1)
	for i := e.hash; ; i++ {
		at := &table[i&mask]
		if old := at.Load(); old == nil || old.hash == e.hash && old.raw == e.raw {
			return at
		}
	}
}

// remove removes an entry that is in the table.
func (t *tokens) remove(e *entry) {
	t.slot(e).Store(t.removed)
	t.forgotten(e)
}

// forgotten notes that an entry is not in the table any more.
func (t *tokens) forgotten(e *entry) {
	t.held--
	if i := slices.Index(e.user.tokens, e); i >= 0 {
		e.user.tokens = slices.Delete(e.user.tokens, i, i+1)
	}
}

// rebuild makes a table of the entries to keep, with room for as many more. A call that still reads the old table may find
// an entry that the new one does not have.
func (t *tokens) rebuild(keep func(*entry) bool) {
	old := *t.slots.Load()
	kept := make([]*entry, 0, t.held)
	for i := range old {
		switch e := old[i].Load(); {
		case e == nil || e == t.removed:
		case keep(e):
			kept = append(kept, e)
		default:
			t.forgotten(e)
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
	t.taken = t.held
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
	t.rebuild(func(*entry) bool { return false })
}

func (t *tokens) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}
