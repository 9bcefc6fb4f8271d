package password

// refusal is why a password was not hashed.
type refusal int

const (
	noPlace          refusal = iota // every place was taken, and the address had its share
	displaced                       // the place went to an address that had fewer
	wouldWaitTooLong                // its turn would have come too late
	waitedTooLong                   // its turn did not come in time
	tooLarge                        // it takes more memory than there is
	refusals
)

func (r refusal) String() string {
	return [refusals]string{"no_place", "displaced", "would_wait", "waited", "too_large"}[r]
}

// Waiting is how many passwords of a kind wait for a worker now, for metrics.
func (q *Queue) Waiting(k Kind) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting[k]
}

// Bound is how many passwords may wait, beside those that are being hashed.
func (q *Queue) Bound() int { return q.cfg.Waiting }

// Refused is how many passwords were refused, by reason, for metrics.
func (q *Queue) Refused() map[string]uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	byReason := make(map[string]uint64, refusals)
	for r, n := range q.refused {
		byReason[refusal(r).String()] = n
	}
	return byReason
}
