package authclient

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Record is a user's state as auth-service has it. The higher the Version, the newer the record.
type Record struct {
	UserID        int64          `json:"user_id"`
	Exists        bool           `json:"exists"` // if false, all members below are zero, except Version
	Disabled      bool           `json:"disabled"`
	Generation    int64          `json:"generation"`
	Role          string         `json:"role"`
	Version       int64          `json:"version"`
	EndedSessions []EndedSession `json:"ended_sessions"`
	MonthlyQuota  *int64         `json:"monthly_quota"` // calls a calendar month; nil: no quota
	// Plan is the name of the user's plan; empty if auth-service knows no plans. Then MonthlyQuota is the whole truth.
	Plan     string   `json:"plan"`
	Roles    []string `json:"roles"`
	OwnQuota *int64   `json:"own_quota"` // goes before the plan's; nil: the plan decides
	// PlanLimits is the user's plan. Only Client.Record brings it.
	PlanLimits *Plan `json:"plan_limits"`
	// SessionKnown: auth-service has or had the session of the question. nil: it does not say.
	SessionKnown *bool `json:"session_known"`
	Keys         []Key `json:"keys"` // API keys that were not revoked
}

// Plan is what users of a plan may do. The higher the Version, the newer. nil is no limit.
type Plan struct {
	Name     string     `json:"name"`
	Version  int64      `json:"version"`
	Deleted  bool       `json:"deleted"` // then there are no other members
	PerMonth *int64     `json:"requests_per_month"`
	PerDay   *int64     `json:"requests_per_day"`
	Rates    []PlanRate `json:"rates"`
	InFlight *int64     `json:"in_flight"`
}

// PlanRate is a rate of a plan, like 10/s.
type PlanRate struct {
	Route string `json:"route"`
	Rate  string `json:"rate"`
	Burst int    `json:"burst"`
}

// EndedSession is a session that has ended. All its access tokens have expired by Until.
type EndedSession struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// Page is a part of the feed: the current records of users who have changed, and plans that have. The next page begins at Cursor. Another Epoch
// than before means that what was known may be of a history that was lost. It is empty if auth-service does not say.
type Page struct {
	Cursor string   `json:"cursor"`
	Epoch  string   `json:"epoch"`
	Users  []Record `json:"users"`
	Plans  []Plan   `json:"plans"` // that have changed; all of them in the page of Start
}

// Question asks for the record of a user because of a token that is about to be accepted.
type Question struct {
	UserID    int64
	SessionID string
	TokenID   string
	OfKey     bool // the token stands for an API key: it has no session
}

// Record fetches one user. A user who does not exist is a result, not an error. Errors: ErrUnavailable, *RefusedError.
func (c *Client) Record(ctx context.Context, q Question) (Record, error) {
	path := "/internal/users/" + strconv.FormatInt(q.UserID, 10)
	if !q.OfKey {
		path += "?" + url.Values{"session": {q.SessionID}, "token": {q.TokenID}}.Encode()
	}
	var r Record
	err := c.call(ctx, http.MethodGet, path, nil, &r)
	return r, err
}

// Start fetches the feed's current end: a page without users, and with all plans. Errors: ErrUnavailable, *RefusedError.
func (c *Client) Start(ctx context.Context) (Page, error) {
	var page Page
	err := c.call(ctx, http.MethodGet, "/internal/changes", nil, &page)
	return page, err
}

// Changes waits up to wait for changes after the cursor. Errors: ErrCursorGone, ErrUnavailable, *RefusedError.
func (c *Client) Changes(ctx context.Context, cursor string, wait time.Duration) (Page, error) {
	query := url.Values{"after": {cursor}, "wait": {wait.String()}}
	var page Page
	err := c.call(ctx, http.MethodGet, "/internal/changes?"+query.Encode(), nil, &page)
	return page, err
}
