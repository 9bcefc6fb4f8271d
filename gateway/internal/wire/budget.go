package wire

import "sync/atomic"

// Budget counts the bytes that connections hold, and says when there are enough of them. What a request needs in any case is
// taken, and what can be refused is spent. Its methods may be called by many goroutines. A nil Budget counts nothing and
// allows everything.
type Budget struct {
	limit   int64
	used    atomic.Int64
	refused atomic.Int64
}

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int64) *Budget { return &Budget{limit: bytes} }

// Take takes bytes, whether or not they are left.
func (b *Budget) Take(bytes int) {
	if b != nil {
		b.used.Add(int64(bytes))
	}
}

// Spend takes bytes if they are left, and reports whether it did.
func (b *Budget) Spend(bytes int) bool {
	if b == nil || b.used.Add(int64(bytes)) <= b.limit {
		return true
	}
	b.used.Add(int64(-bytes))
	b.refused.Add(1)
	return false
}

// SpendSpare is Spend for what can be done without: the last quarter is not for it.
func (b *Budget) SpendSpare(bytes int) bool {
	if b == nil || b.used.Load()+int64(bytes) <= b.limit/4*3 {
		return b.Spend(bytes)
	}
	return false
}

// GiveBack undoes Take and Spend.
func (b *Budget) GiveBack(bytes int) {
	if b != nil {
		b.used.Add(int64(-bytes))
	}
}

// Limit is how many bytes there are in all.
func (b *Budget) Limit() int64 { return b.limit }

// Used is how many bytes are taken.
func (b *Budget) Used() int64 { return b.used.Load() }

// Refused is how often Spend found too few bytes left.
func (b *Budget) Refused() int64 { return b.refused.Load() }
