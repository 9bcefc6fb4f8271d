package store

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// bulk writes, sums and searches many rows at once. Each database has its own fastest way.
type bulk interface {
	// planned runs queries whose best plan differs from value to value.
	planned(ctx context.Context, db *gorm.DB, queries func(db *gorm.DB) error) error
	// sum runs a query that groups the rows of all users.
	sum(ctx context.Context, db *gorm.DB, query func(db *gorm.DB) error) error
	// add adds rows, sorted and with different keys, to those of a table.
	add(ctx context.Context, tx *gorm.DB, t table, rows []ledger.Row) error
	// addToday adds the requests of rows, sorted and with different keys, to those of usage_today.
	addToday(ctx context.Context, tx *gorm.DB, rows []ledger.Row) error
	// settle subtracts what was delivered from what a gateway has reserved. It stops at zero.
	settle(ctx context.Context, tx *gorm.DB, gateway string, of []delivered) error
	// noteUses writes when API keys were used last, in the order of uses, which are sorted by key. It passes over keys that are
	// gone, and those of which a use is known that is as late, or almost (ledger.KeyUsePrecision).
	noteUses(ctx context.Context, tx *gorm.DB, uses []ledger.KeyUse) error
}

// table is one of the six usage tables. They differ only in names, and in that three have a column key_id.
type table struct {
	name, start string
	ofKeys      bool
}

// tables are the three tables of the totals, or those of what was called with API keys.
type tables struct{ hours, days, months table }

func tablesOf(keys bool) tables {
	if keys {
		return tables{
			table{"key_usage_hours", "hour", true}, table{"key_usage_days", "day", true}, table{"key_usage_months", "month", true},
		}
	}
	return tables{
		table{"usage_hours", "hour", false}, table{"usage_days", "day", false}, table{"usage_months", "month", false},
	}
}

// of is the table that holds the rows of a step.
func (t tables) of(s ledger.Step) table {
	switch s {
	case ledger.ByDay:
		return t.days
	case ledger.ByMonth:
		return t.months
	case ledger.ByHour:
	}
	return t.hours
}

// keys are the columns that tell apart the rows of one start.
func (t table) keys() string {
	if t.ofKeys {
		return "user_id, route, key_id"
	}
	return "user_id, route"
}

// primary are the columns of the primary key.
func (t table) primary() string {
	if t.ofKeys {
		return "user_id, " + t.start + ", route, key_id"
	}
	return "user_id, " + t.start + ", route"
}

// countNames are the columns of counts.
const countNames = "requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out, extra_units"

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
