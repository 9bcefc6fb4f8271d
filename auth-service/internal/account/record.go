package account

import (
	"context"
	"fmt"
	"time"
)

// Record is what a gateway has to know of a user to judge their tokens. It is the user's state now; Version orders the
// states, so that a late answer never undoes a newer one.
type Record struct {
	UserID       int64
	Exists       bool // the rest but Version is zero if not
	Disabled     bool
	Generation   int64
	Role         Role
	MonthlyQuota *int64
	Version      int64 // the number of the user's last change; 0 if there was none
	Ended        []EndedSession
}

// EndedSession is a session that has ended while access tokens of it may still live.
type EndedSession struct {
	ID    string
	Until time.Time // past it none of its tokens can live
}

// Record returns the record of one user, whether there is such a user or not. Errors: fault.ErrUnavailable.
func (s *Service) Record(ctx context.Context, userID int64) (Record, error) {
	records, err := s.cfg.Store.Records(ctx, []int64{userID}, s.cfg.Lifetimes.ended(), s.now())
	if err != nil {
		return Record{}, fmt.Errorf("record: %w", err)
	}
	return records[0], nil
}
