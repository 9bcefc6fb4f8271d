package authclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// RateReport says what a gateway has let through under limits that gateways share.
type RateReport struct {
	Gateway string      `json:"gateway"`
	Calls   []RateCalls `json:"calls"`
}

// RateCalls are calls of a user under a limit since the last report.
type RateCalls struct {
	UserID int64  `json:"user_id"`
	Limit  string `json:"limit"` // its name
	Calls  int64  `json:"calls"`
	Step   int64  `json:"step_ns"`  // for which one call uses up the limit
	Bound  int64  `json:"bound_ns"` // of the backlog
}

// MaxRateCalls is how many entries a report may have. MaxRateBacklog is the greatest Step and Bound of one.
const (
	MaxRateCalls   = 5000
	MaxRateBacklog = 100 * 365 * 24 * time.Hour
)

// RateState says how many gateways are alive, and how far limits are used up at all of them together. It has each limit that
// any gateway has reported lately.
type RateState struct {
	Gateways int `json:"gateways"`
	Marks    []struct {
		UserID  int64  `json:"user_id"`
		Limit   string `json:"limit"`
		Backlog int64  `json:"backlog_ns"` // until the calls so far are worked off
	} `json:"marks"`
}

// ShareRates reports calls. Errors: ErrUnavailable, *RefusedError.
func (c *Client) ShareRates(ctx context.Context, r RateReport) (RateState, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return RateState{}, fmt.Errorf("encode report: %w", err)
	}
	var state RateState
	err = c.call(ctx, http.MethodPost, "/internal/rates", body, &state)
	return state, err
}
