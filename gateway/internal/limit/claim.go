package limit

import (
	"strconv"
	"time"

	"tallygate/gateway/internal/authclient"
)

// Claim is a call as quotas see it.
type Claim struct {
	At     time.Time
	UserID int64
	KeyID  uint64 // of the API key; 0: none
	// PerMonth and PerDay are how many units the user's calls may cost in a calendar month and in a day, UTC, and KeyPerMonth
	// what those with the key may cost in a month. Below 0: there is no quota.
	PerMonth, PerDay, KeyPerMonth int64
	// Cost is how many units the call costs. 0: the upstream announces it, and Spend has to follow.
	Cost int64
	// Likely is what such a call may cost, by those before it.
	Likely int64

	askedAt time.Time
}

// kind is what a quota is about.
type kind int

// A user's month, a user's day, an API key's month. Refusals are in this order.
const (
	usersMonth kind = iota
	usersDay
	keysMonth
	kinds = iota
)

// String is the quota's name, in RateLimit fields and in GET /users/me/limits.
func (k kind) String() string { return [kinds]string{"month", "day", "key"}[k] }

func (c *Claim) quota(k kind) int64 {
	switch {
	case k == usersMonth:
		return c.PerMonth
	case k == usersDay:
		return c.PerDay
	case c.KeyID == 0:
		return -1
	}
	return c.KeyPerMonth
}

// unbounded reports whether there is no quota at all.
func (c *Claim) unbounded() bool {
	return c.PerMonth < 0 && c.PerDay < 0 && (c.KeyID == 0 || c.KeyPerMonth < 0)
}

// subject is whose calls a quota counts.
type subject struct {
	kind kind
	user int64
	key  uint64
}

// subject is that of a kind. ok is false if the kind does not concern the call.
func (c *Claim) subject(k kind) (s subject, ok bool) {
	if k == keysMonth {
		return subject{k, c.UserID, c.KeyID}, c.KeyID != 0
	}
	return subject{k, c.UserID, 0}, true
}

// scope is a subject in one period: the day or month, UTC, from start up to end.
type scope struct {
	subject
	start, end int64 // Unix seconds
}

// scopeAt is the scope of a subject that has this moment.
func scopeAt(of subject, at time.Time) scope {
	at = at.UTC()
	if of.kind == usersDay {
		day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
		return scope{of, day.Unix(), day.AddDate(0, 0, 1).Unix()}
	}
	month := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	return scope{of, month.Unix(), month.AddDate(0, 1, 0).Unix()}
}

func (s *scope) has(at int64) bool { return s.start <= at && at < s.end }

func (s *scope) begins() time.Time { return time.Unix(s.start, 0).UTC() }

func (s *scope) ends() time.Time { return time.Unix(s.end, 0).UTC() }

// name puts the scope into a request to the ledger.
func (s *scope) name(r *authclient.LeaseRequest) {
	const months, days = "2006-01", "2006-01-02"
	r.UserID = s.user
	switch s.kind {
	case usersMonth:
		r.Month = s.begins().Format(months)
	case usersDay:
		r.Day = s.begins().Format(days)
	case keysMonth:
		r.KeyMonth, r.KeyID = s.begins().Format(months), strconv.FormatUint(s.key, 10)
	}
}
