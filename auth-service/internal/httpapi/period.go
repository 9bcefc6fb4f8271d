package httpapi

import (
	"fmt"
	"time"

	"tallygate/auth-service/internal/ledger"
)

// period reads from and to. Each is an RFC 3339 time or a date in UTC. One that is left out is zero.
func (p parameters) period() (period ledger.Period, err error) {
	if period.From, err = p.time("from"); err != nil {
		return period, err
	}
	period.To, err = p.time("to")
	return period, err
}

func (p parameters) time(name string) (time.Time, error) {
	text, err := p.get(name)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	for _, layout := range [...]string{time.DateOnly, time.RFC3339} {
		t, err := time.Parse(layout, text)
		if t = t.UTC(); err == nil && t.Year() >= earliestYear && t.Year() <= latestYear {
			return t, nil
		}
	}
	return time.Time{}, invalid(name, fmt.Sprintf(
		"The parameter %q has to be a date like 2026-11-23 or a time like 2026-11-23T15:00:00Z, since 1970.", name))
}

// Years that a report can cover. Times in JSON end with the year 9999, and a period may be rounded up.
const (
	earliestYear = 1970
	latestYear   = 9000
)

// step reads by, the length of an entry.
func (p parameters) step() (ledger.Step, error) {
	text, err := p.get("by")
	switch text {
	case "", "day":
		return ledger.ByDay, err
	case "hour":
		return ledger.ByHour, err
	case "month":
		return ledger.ByMonth, err
	}
	return 0, invalid("by", `The parameter "by" has to be hour, day or month.`)
}
