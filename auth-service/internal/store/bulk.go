package store

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// bulk writes and sums many rows at once, each database in its own quickest way.
type bulk interface {
	// sum runs a query that groups the rows of all users.
	sum(ctx context.Context, db *gorm.DB, query func(db *gorm.DB) error) error
	// add adds rows, sorted and with different keys, to those of a table.
	add(ctx context.Context, tx *gorm.DB, t table, rows []ledger.Row) error
	// settle takes delivered calls from what a gateway has reserved, down to nothing.
	settle(ctx context.Context, tx *gorm.DB, gateway string, delivered []ledger.Row) error
}

// table is one of the three tables of the tally; they differ in names alone.
type table struct{ name, start string }

var (
	hours  = table{"usage_hours", "hour"}   //nolint:gochecknoglobals // a constant
	days   = table{"usage_days", "day"}     //nolint:gochecknoglobals // a constant
	months = table{"usage_months", "month"} //nolint:gochecknoglobals // a constant
)

// tableOf is where rows of a step are.
func tableOf(s ledger.Step) table {
	switch s {
	case ledger.ByDay:
		return days
	case ledger.ByMonth:
		return months
	case ledger.ByHour:
	}
	return hours
}

// countNames are the columns of counts.
const countNames = "requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out"

// each writes the format, in which %[1]s is the name, for each of countNames.
func each(format, separator string) string {
	var list []string
	for name := range strings.SplitSeq(countNames, ", ") {
		list = append(list, fmt.Sprintf(format, name))
	}
	return strings.Join(list, separator)
}

// sums are countNames, each summed. The sum of bigints is a numeric in PostgreSQL.
func sums() string { return each("cast(coalesce(sum(%[1]s), 0) as bigint) %[1]s", ", ") }
