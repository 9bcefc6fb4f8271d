package ledger

import (
	"context"
	"fmt"
	"time"

	"tallygate/auth-service/internal/fault"
)

const (
	// MaxRateCalls is how many limits one report may be about.
	MaxRateCalls = 5000
	// MaxMarks is how many limits a response may be about.
	MaxMarks = 5000
	maxLimit = 160 // bytes of a limit's name
	// gatewayLife is how long a gateway counts as alive after a report. It reports several times in it.
	gatewayLife = 1500 * time.Millisecond
	// freshMarks is how long after its last change a mark is told to all gateways.
	freshMarks = time.Second
	// MaxBacklog bounds Step and Bound: 100 years. A mark has at most twice as much, which a Duration holds from 1970 until 2062.
	MaxBacklog = 100 * 365 * 24 * time.Hour
)

// RateReport is what a gateway says of calls that it has let through, under limits that gateways share.
type RateReport struct {
	Gateway string
	Calls   []RateCalls // of different users or limits
}

// RateCalls are calls of a user under a limit since the last report.
type RateCalls struct {
	UserID int64
	Limit  string // its name
	Calls  int64
	Step   time.Duration // for which one call uses up the limit
	Bound  time.Duration // of the backlog
}

// RateMark says how far a user has used up a limit, at all gateways together.
type RateMark struct {
	UserID  int64
	Limit   string
	Backlog time.Duration // until the calls so far are worked off: the theoretical arrival time (GCRA), from now
}

// RateState is the response to a report.
type RateState struct {
	Gateways int // alive
	Marks    []RateMark
}

// ShareRates adds up what gateways report, and tells each what all have let through. So each decides by nearly the same state,
// and what they have let through too much in between is missing later. Errors: *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) ShareRates(ctx context.Context, r RateReport) (RateState, error) {
	if err := r.validate(); err != nil {
		return RateState{}, err
	}
	now := s.now()
	state, err := s.cfg.Store.AddRateCalls(ctx, r, now, now.Add(-freshMarks), now.Add(-gatewayLife))
	state.Gateways = max(state.Gateways, 1)
	return state, err
}

func (r *RateReport) validate() error {
	if err := CheckGateway(r.Gateway); err != nil {
		return err
	}
	if len(r.Calls) > MaxRateCalls {
		return fault.Invalid("calls", fmt.Sprintf("A report is about at most %d limits.", MaxRateCalls))
	}
	type key struct {
		user  int64
		limit string
	}
	seen := make(map[key]bool, len(r.Calls))
	for i := range r.Calls {
		c := &r.Calls[i]
		k := key{c.UserID, c.Limit}
		reason := c.validate()
		if reason == "" && seen[k] {
			reason = "an entry before has the same user and limit."
		}
		if reason != "" {
			return fault.Invalid("calls", fmt.Sprintf("Entry %d: %s", i+1, reason))
		}
		seen[k] = true
	}
	return nil
}

func (c *RateCalls) validate() (reason string) {
	switch {
	case c.UserID < 1:
		return "user_id has to be a positive whole number."
	case !validText(c.Limit, maxLimit):
		return "limit has to be a name of 1 to 160 bytes without control characters."
	case c.Calls < 0 || c.Calls > maxCount:
		return "calls has to be a whole number from 0 to 2^53."
	case c.Step < 1 || c.Step > MaxBacklog || c.Bound < 1 || c.Bound > MaxBacklog:
		return "step_ns and bound_ns have to be positive and at most 100 years."
	}
	return ""
}

// Adds is what the calls add to the backlog, no more than its bound.
func (c *RateCalls) Adds() time.Duration {
	if c.Calls > int64(c.Bound/c.Step) {
		return c.Bound
	}
	return time.Duration(c.Calls) * c.Step
}
