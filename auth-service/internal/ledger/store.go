package ledger

import (
	"context"
	"time"
)

// Store is what the ledger needs of a database. Each method is one transaction: once it returns nil, its effect survives
// the death of every process. While the database is unavailable, every method returns fault.ErrUnavailable. A method
// may call the functions that it is given more than once.
type Store interface {
	// AddBatch adds a batch whose rows are merged, unless it was added before. It adds the rows to the hours, and to the
	// days and months that are rolled already: to those of users, and to those of API keys; to the days of users that are not rolled; and to
	// the totals of all users. It subtracts what they cost from what the
	// gateway has reserved. It notes KeyUses.
	AddBatch(ctx context.Context, b Batch, now time.Time) (added bool, err error)
	// UserUsage returns the rows of one user in the spans, in no order. Several of one start, route and key have to be
	// added up; a sum may be zero.
	UserUsage(ctx context.Context, userID int64, w Which, where func(Marks) []Span) ([]Row, error)
	// TotalUsage returns what all users called, by route and step: hours, or days for longer steps.
	TotalUsage(ctx context.Context, by Step, route string, where func(Marks) Period) ([]Row, error)
	// MostCalling returns the users with the most calls in the spans, the most first, and the lowest id first of those
	// with as many. It reads few rows if few users call much more than the others, and of parts of days those of all users.
	MostCalling(ctx context.Context, route string, limit int, where func(Marks) []Span) ([]Caller, error)
	// UsageOfUsers is UserUsage of several users.
	UsageOfUsers(ctx context.Context, users []Caller, route string, where func(Marks) []Span) ([]Row, error)
	// UsersTotals returns what each of some users has called in the spans. A user without calls is not in it.
	UsersTotals(ctx context.Context, userIDs []int64, where func(Marks) []Span) (map[int64]Counts, error)
	// UsageLines returns a page of lines from the spans.
	UsageLines(ctx context.Context, l Listing, where func(Marks) []Span) ([]Line, error)
	// ExportUsage gives each line in the spans to e once, sorted by user, route and key.
	ExportUsage(ctx context.Context, w Which, where func(Marks) []Span, e Exporter) error

	// RollDay sums the hours of the first day that is not rolled, if it begins before before. It reports whether it did. If an
	// auth-service of the version before has added batches of that day, it makes the totals of all users anew.
	RollDay(ctx context.Context, before time.Time) (rolled bool, err error)
	// Prune moves Marks.Pruned to before, or to Marks.Rolled if that is earlier. It deletes hours only if they are more
	// than a day older than the mark was, so that calls that read an earlier mark still find their rows.
	Prune(ctx context.Context, before time.Time) error
	// Differences compares the sum of all batches with the sum of all rows, days with their hours, months with their
	// days, the sum over the API keys with the total, the totals of all users with the rows, and the days of users that are not rolled with
	// their hours.
	Differences(ctx context.Context) ([]Difference, error)
	// NoteVerified keeps the result of a comparison, for LedgerState.
	NoteVerified(ctx context.Context, v Verified) error
	// LedgerState returns how the ledger is doing.
	LedgerState(ctx context.Context) (State, error)

	// Lease calls decide with the state of the scope, and reserves the units that it returns. Meanwhile no other
	// gateway gets units of this user. where returns the spans of the scope. Errors: ErrStaleLease.
	Lease(ctx context.Context, r LeaseRequest, now time.Time, where func(Marks) []Span, decide func(Account) int64) (Lease, error)
	// EndLeases ends all leases of a gateway.
	EndLeases(ctx context.Context, gateway string) error
	// SweepLeases removes leases that expired before before.
	SweepLeases(ctx context.Context, before time.Time) error

	// AddRateCalls moves the marks of limits by the calls of a report, notes that the gateway is alive, and returns the marks that
	// were moved since marksSince, and how many gateways have reported since gatewaysSince.
	AddRateCalls(ctx context.Context, r RateReport, now, marksSince, gatewaysSince time.Time) (RateState, error)
	// SweepRates removes marks and gateways that no longer count.
	SweepRates(ctx context.Context, now time.Time) error
}
