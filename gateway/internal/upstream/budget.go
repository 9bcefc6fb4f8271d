package upstream

import "sync"

// One in retryShare requests may be sent again although a replica may have carried it out, and retryBurst more at once.
// Without a bound, retries would double the load of an upstream that already fails.
const (
	retryShare = 5
	retryBurst = 100
)

// budget decides whether a request may be sent again. It needs the number of requests only for such a decision.
type budget struct {
	mu    sync.Mutex
	seen  uint64
	spent float64
}

// allow takes one from the budget if there is one. total is the number of requests so far.
func (b *budget) allow(total uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if total > b.seen {
		b.spent = max(0, b.spent-float64(total-b.seen)/retryShare)
	}
	b.seen = total
	if b.spent >= retryBurst {
		return false
	}
	b.spent++
	return true
}
