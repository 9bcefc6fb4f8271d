package store

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// bulk writes and sums many rows at once. Each database has its own fastest way.
type bulk interface {
	// sum runs a query that groups the rows of all users.
	sum(ctx context.Context, db *gorm.DB, query func(db *gorm.DB) error) error
	// add adds rows, sorted and with different keys, to those of a table.
	add(ctx context.Context, tx *gorm.DB, t table, rows []ledger.Row) error
	// settle subtracts delivered calls from what a gateway has reserved. It stops at zero.
	settle(ctx context.Context, tx *gorm.DB, gateway string, delivered []ledger.Row) error
}

// table is one of the three usage tables. They differ only in names.
type table struct{ name, start string }

var (
	hours  = table{"usage_hours", "hour"}   //nolint:gochecknoglobals // a constant
	days   = table{"usage_days", "day"}     //nolint:gochecknoglobals // a constant
	months = table{"usage_months", "month"} //nolint:gochecknoglobals // a constant
)

// tableOf is the table that holds the rows of a step.
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

// each repeats the format for each of countNames; %[1]s in it is the name.
func each(format, separator string) string {
	var list []string
	for name := range strings.SplitSeq(countNames, ", ") {
		list = append(list, fmt.Sprintf(format, name))
	}
	return strings.Join(list, separator)
}

// sums selects the sum of each of countNames. It casts because in PostgreSQL the sum of bigints is a numeric.
func sums() string { return each("cast(coalesce(sum(%[1]s), 0) as bigint) %[1]s", ", ") }
