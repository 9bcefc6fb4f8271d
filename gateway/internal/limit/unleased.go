package limit

import (
	"sync/atomic"
	"time"
)

// unleased remembers when users' calls were last let through without a reservation of a kind of quota: before they had it, or
// while the ledger was unreachable. The ledger takes such calls, too, from what is reserved, so nothing may be reserved before
// they are delivered. Users share places: a later user takes a place over.
type unleased []atomic.Uint64

const (
	unleasedBits = 16 // places: half a megabyte
	// A place holds 24 more bits of the user's hash, and the time in steps of 67 ms in 40 bits. Because of the steps, a
	// user who calls all the time seldom writes, and cores do not contend for a place.
	tickShift = 26
	tickBits  = 40
	// beginSlack is far longer than the time between noting a call and counting it.
	beginSlack = 50 * time.Millisecond
)

func newUnleased() unleased { return make(unleased, 1<<unleasedBits) }

// place is where calls are noted. The places of a user are side by side, so that the memory is fetched once.
func (u unleased) place(s subject) (at *atomic.Uint64, tag uint64) {
	const perUser = 4
	h := uint64(s.user) * 0x9e3779b97f4a7c15
	place := h>>(64-unleasedBits)&^(perUser-1) | uint64(s.kind)
	h ^= s.key * 0xff51afd7ed558ccd
	return &u[place], h >> (64 - unleasedBits - 24) & (1<<24 - 1)
}

// note remembers that a call of the subject is let through now.
func (u unleased) note(s subject, now time.Time) {
	at, tag := u.place(s)
	if word := tag<<tickBits | uint64(now.UnixNano())>>tickShift; at.Load() != word {
		at.Store(word)
	}
}

// last is a time by which the last such call was counted; zero if there was none. If not certain, it may have been a call of
// another subject that has the same place.
func (u unleased) last(s subject) (by time.Time, certain bool) {
	at, tag := u.place(s)
	word := at.Load()
	if word == 0 {
		return time.Time{}, true
	}
	tick := int64(word & (1<<tickBits - 1))
	return time.Unix(0, (tick+1)<<tickShift).Add(beginSlack), word>>tickBits == tag
}
