package ledger

import (
	"context"
	"fmt"
)

// Difference is two numbers of the ledger that should be the same.
type Difference struct {
	What      string
	Got, Want Counts
}

func (d Difference) String() string { return fmt.Sprintf("%s: %+v, want %+v", d.What, d.Got, d.Want) }

// Verify checks that the ledger agrees with itself: the sum of all batches is the sum of all rows, every rolled day is the
// sum of its hours, every month is the sum of its rolled days, nothing was called with API keys that is not in the total, and the totals
// of all users are the sums of their rows.
// It returns the differences.
func (s *Service) Verify(ctx context.Context) ([]Difference, error) {
	return s.cfg.Store.Differences(ctx)
}
