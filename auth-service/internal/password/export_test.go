package password

import "context"

// Do runs work that takes so many KiB, and so many turns of its address.
func (p *Place) Do(ctx context.Context, kib uint64, turns int, work func()) error {
	return p.do(ctx, cost{kib: kib, turns: turns}, work)
}

// Running is the memory of what is running, in KiB.
func (q *Queue) Running() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.runningKiB
}

// Garbage is the memory of finished hashes that may not be free yet, in KiB.
func (q *Queue) Garbage() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.garbage.kib
}

// Text is what is hashed.
func (p Prepared) Text() string { return p.text }

// IsOfUnicode15 reports whether a character is one of those that are normalized.
func IsOfUnicode15(r rune) bool { return isOfUnicode15(r) }

// ForeignCost is what it takes to verify an imported hash once, in KiB and turns.
func ForeignCost(stored string, today Params) (kib uint64, turns int, err error) {
	h, err := parseForeign(stored)
	if err != nil {
		return 0, 0, err
	}
	c := h.cost(today)
	return c.kib, c.turns, nil
}
