package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tallygate/auth-service/internal/fault"
)

// Bounds of a batch.
const (
	MaxRows      = 200_000
	maxGateway   = 64      // bytes of a gateway's name
	maxRoute     = 128     // bytes of a route's name
	maxCount     = 1 << 53 // in one row; every reader of JSON keeps such numbers exactly
	earliestYear = 2000
	latestYear   = 2200
)

// Batch is what a gateway delivers.
type Batch struct {
	Gateway  string // the name of the instance that counted
	Sequence int64  // 1, 2, 3 and so on, without gaps. Batches may arrive in any order.
	Rows     []Row
}

// Row is the usage of one user on one route in one hour, day or month. In a batch, and in a report by key, it is the usage
// with one API key.
type Row struct {
	UserID int64
	KeyID  int64 // 0: without a key
	Route  string
	Start  time.Time // of the hour, day or month, UTC
	Counts
}

// Add adds a batch to the ledger, exactly once however often it is delivered. added is false if it was added before.
// Rows of users who are gone are kept. Errors: *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) Add(ctx context.Context, b Batch) (added bool, err error) {
	if err := b.validate(); err != nil {
		return false, err
	}
	b.Rows = Merge(b.Rows)
	return s.cfg.Store.AddBatch(ctx, b, s.now())
}

func (b *Batch) validate() error {
	if err := CheckGateway(b.Gateway); err != nil {
		return err
	}
	switch {
	case b.Sequence < 1:
		return fault.Invalid("sequence", "The sequence has to be a positive whole number.")
	case len(b.Rows) > MaxRows:
		return fault.Invalid("rows", fmt.Sprintf("A batch holds at most %d rows.", MaxRows))
	}
	for i := range b.Rows {
		if reason := b.Rows[i].validate(); reason != "" {
			return fault.Invalid("rows", fmt.Sprintf("Row %d: %s", i+1, reason))
		}
	}
	return nil
}

// validate returns what is wrong with the row, as a sentence, or nothing.
func (r *Row) validate() (reason string) {
	switch year := r.Start.Year(); {
	case r.UserID < 1:
		return "user_id has to be a positive whole number."
	case r.KeyID < 0:
		return "key_id has to be a positive whole number."
	case !validRoute(r.Route):
		return "route has to be a name of 1 to 128 bytes without control characters."
	case !r.Start.Equal(r.Start.Truncate(time.Hour)) || year < earliestYear || year > latestYear:
		return "hour has to be a full hour."
	case r.least() < 0 || r.most() > maxCount:
		return "counts have to be whole numbers from 0 to 2^53."
	}
	return ""
}

// CheckGateway checks the id of a gateway. The error is a *fault.InvalidError.
func CheckGateway(id string) error {
	const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if id == "" || len(id) > maxGateway || strings.Trim(id, signs) != "" {
		return fault.Invalid("gateway", "The gateway has to be named by 1 to 64 letters, digits, dots, underscores and hyphens.")
	}
	return nil
}

// validRoute also refuses what PostgreSQL cannot store: NUL, and text that is not UTF-8.
func validRoute(name string) bool { return validText(name, maxRoute) }

func validText(name string, most int) bool {
	return name != "" && len(name) <= most && utf8.ValidString(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// validateRoute refuses a filter that no route can match. An empty filter matches all routes.
func validateRoute(name string) error {
	if name != "" && !validRoute(name) {
		return fault.Invalid("route", "The route has to be a name of 1 to 128 bytes without control characters.")
	}
	return nil
}

// Merge returns the rows sorted by user, start, route and API key, with equal ones summed. Every transaction locks rows in
// this order. It does not change the rows that it is given.
func Merge(rows []Row) []Row {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), a.Start.Compare(b.Start), strings.Compare(a.Route, b.Route), cmp.Compare(a.KeyID, b.KeyID))
	})
	merged := rows[:0]
	for _, r := range rows {
		r.Start = r.Start.UTC()
		if n := len(merged); n > 0 && merged[n-1].UserID == r.UserID && merged[n-1].KeyID == r.KeyID &&
			merged[n-1].Route == r.Route && merged[n-1].Start.Equal(r.Start) {
			merged[n-1].Counts = merged[n-1].Plus(r.Counts)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// ByUser returns the sums of merged rows over the API keys of each user, and the rows that have a key. Both are sorted as
// Merge sorts.
func ByUser(rows []Row) (totals, ofKeys []Row) {
	for i := range rows {
		if rows[i].KeyID != 0 {
			ofKeys = append(ofKeys, rows[i])
		}
	}
	if len(ofKeys) == 0 {
		return rows, nil
	}
	totals = slices.Clone(rows)
	for i := range totals {
		totals[i].KeyID = 0
	}
	return Merge(totals), ofKeys
}

// Total is the sum of the rows.
func (b *Batch) Total() (total Counts) {
	for i := range b.Rows {
		total = total.Plus(b.Rows[i].Counts)
	}
	return total
}
