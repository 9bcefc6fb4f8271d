package ledger

import (
	"context"
	"time"
)

// Store is what the ledger needs of a database. Each method is one transaction: when it returns nil, what it did
// survives the death of every process. While the database is not available, every method returns fault.ErrUnavailable.
// Functions that are handed in may run more than once.
type Store interface {
	// AddBatch adds a batch whose rows are sorted and have different keys, unless it was added before: to the hours, to
	// the days that are rolled already, and from its gateway's reservations to the calls that are used.
	AddBatch(ctx context.Context, b Batch, now time.Time) (added bool, err error)
	// UserUsage returns the rows of one user, and of one route unless that is empty, in no order.
	UserUsage(ctx context.Context, userID int64, route string, where func(Marks) []Span) ([]Row, error)
	// UsageLines returns a page of lines.
	UsageLines(ctx context.Context, l Listing, where func(Marks) []Span) ([]Line, error)
	// ExportUsage hands all lines to e, by user and route, once.
	ExportUsage(ctx context.Context, route string, where func(Marks) []Span, e Exporter) error

	// RollDay sums the hours of the first day that is not rolled and begins before before. It reports whether there was
	// one.
	RollDay(ctx context.Context, before time.Time) (rolled bool, err error)
	// Prune moves the mark to before, or to what is rolled, and deletes the hours that are more than a day older than
	// the mark was: who has read an earlier mark still finds what it promises.
	Prune(ctx context.Context, before time.Time) error
	// Differences compares what batches brought with what is kept, and hours with days.
	Differences(ctx context.Context) ([]Difference, error)

	// Lease lets decide grant calls to a gateway, while nobody else gets any of that user; where says in which rows this
	// month's calls are. ErrStaleLease.
	Lease(ctx context.Context, r LeaseRequest, now time.Time, where func(Marks) []Span, decide func(Account) int64) (Lease, error)
	// EndLeases ends all leases of a gateway.
	EndLeases(ctx context.Context, gateway string) error
	// SweepLeases forgets leases that ended before before.
	SweepLeases(ctx context.Context, before time.Time) error
}
