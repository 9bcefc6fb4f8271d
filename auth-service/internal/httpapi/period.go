package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/problem"
)

// parameters are a query without ambiguity: each name that is asked for stands there once or not at all.
type parameters struct{ values url.Values }

func readParameters(rawQuery string) (parameters, error) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return parameters{}, problem.New(http.StatusBadRequest, "malformed-query", "The query is not well-formed: check its % signs and semicolons.")
	}
	return parameters{values}, nil
}

func (p parameters) get(name string) (string, error) {
	if len(p.values[name]) > 1 {
		return "", invalid(name, fmt.Sprintf("The parameter %q stands there more than once.", name))
	}
	return p.values.Get(name), nil
}

// period reads from and to, RFC 3339 times or dates in UTC; what is left out is zero.
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

// Years that a report can be about. JSON's times end with the year 9999, and a period may be rounded up.
const (
	earliestYear = 1970
	latestYear   = 9000
)

// step reads by.
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
