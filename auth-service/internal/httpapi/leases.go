package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/ginapi"
)

// leaseRequest is ledger.LeaseRequest in JSON.
type leaseRequest struct {
	Gateway string `json:"gateway"`
	UserID  int64  `json:"user_id"`
	// One of the three says what the units are of. An auth-service of the version before knows the month only, and refuses a
	// request without it.
	Month    string `json:"month"`     // 2026-11: the user's
	Day      string `json:"day"`       // 2026-11-27: the user's
	KeyMonth string `json:"key_month"` // 2026-11: that of the API key
	KeyID    string `json:"key_id"`    // only with key_month
	Request  int64  `json:"request"`
	Want     int64  `json:"want"`
	Least    int64  `json:"least"` // the smallest grant that is of use. It may be left out.
	// Returned are units that the gateway holds and will not use. It may be left out.
	Returned int64 `json:"returned"`
}

// scope is what the units are of.
func (r leaseRequest) scope() (ledger.Scope, error) {
	const months, days = "2006-01", "2006-01-02"
	switch {
	case r.Day != "" && r.Month+r.KeyMonth+r.KeyID == "":
		at, err := time.Parse(days, r.Day)
		if err != nil {
			return ledger.Scope{}, invalid("day", "The day has to have the form 2026-11-27.")
		}
		return ledger.UsersDay(r.UserID, at), nil
	case r.KeyMonth != "" && r.Month+r.Day == "":
		at, err := time.Parse(months, r.KeyMonth)
		if err != nil {
			return ledger.Scope{}, invalid("key_month", "The month has to have the form 2026-11.")
		}
		key, err := strconv.ParseInt(r.KeyID, 10, 64)
		if err != nil || key < 1 {
			return ledger.Scope{}, invalid("key_id", "The key_id has to be a positive whole number in a string.")
		}
		return ledger.KeysMonth(r.UserID, key, at), nil
	case r.Day+r.KeyMonth+r.KeyID != "":
		return ledger.Scope{}, invalid("month", "A lease is of one of month, day and key_month; key_id goes with key_month.")
	}
	at, err := time.Parse(months, r.Month)
	if err != nil {
		return ledger.Scope{}, invalid("month", "The month has to have the form 2026-11.")
	}
	return ledger.UsersMonth(r.UserID, at), nil
}

// lease is ledger.LeaseState in JSON.
type lease struct {
	Granted   int64     `json:"granted"`
	Limit     *int64    `json:"limit"`     // null: no quota
	Remaining *int64    `json:"remaining"` // null: no quota
	Elsewhere int64     `json:"reserved_elsewhere"`
	ResetsAt  time.Time `json:"resets_at"`
	UseWithin string    `json:"use_within"` // a Go duration: 30s
}

func (s *server) leaseCalls(c *gin.Context) error {
	body, err := ginapi.BindKnown[leaseRequest](c, ginapi.MaxBodyBytes)
	if err != nil {
		return err
	}
	scope, err := body.scope()
	if err != nil {
		return err
	}
	state, err := s.Ledger.Lease(c.Request.Context(), ledger.LeaseRequest{
		Gateway: body.Gateway, Scope: scope, Number: body.Request, Want: body.Want, Least: body.Least, Returned: body.Returned,
	})
	if err != nil {
		return err
	}
	s.ledgerMetrics.lease(state.Granted > 0)
	out := lease{
		Granted: state.Granted, Limit: state.Limit, Elsewhere: state.Elsewhere,
		ResetsAt: state.ResetsAt, UseWithin: state.UseWithin.String(),
	}
	if state.Limit != nil {
		out.Remaining = &state.Remaining
	}
	c.JSON(http.StatusOK, out)
	return nil
}

// endLeases frees the units that a gateway has leased and will not use.
func (s *server) endLeases(c *gin.Context) error {
	if err := s.Ledger.EndLeases(c.Request.Context(), c.Param("gateway")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
