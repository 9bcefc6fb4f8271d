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
	// SessionKnown: auth-service has or had the session of the question. nil: it does not say.
	SessionKnown *bool `json:"session_known"`
}

// EndedSession is a session that has ended. All its access tokens have expired by Until.
type EndedSession struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// Page is a part of the feed: the current records of users who have changed. The next page begins at Cursor. Another Epoch
// than before means that what was known may be of a history that was lost. It is empty if auth-service does not say.
type Page struct {
	Cursor string   `json:"cursor"`
	Epoch  string   `json:"epoch"`
	Users  []Record `json:"users"`
}

// Question asks for the record of a user because of a token that is about to be accepted.
type Question struct {
	UserID    int64
	SessionID string
	TokenID   string
}

// Record fetches one user. A user who does not exist is a result, not an error. Errors: ErrUnavailable, *RefusedError.
func (c *Client) Record(ctx context.Context, q Question) (Record, error) {
	query := url.Values{"session": {q.SessionID}, "token": {q.TokenID}}
	var r Record
	err := c.call(ctx, http.MethodGet, "/internal/users/"+strconv.FormatInt(q.UserID, 10)+"?"+query.Encode(), nil, &r)
	return r, err
}

// Start fetches the feed's current end, a page without users. Errors: ErrUnavailable, *RefusedError.
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
