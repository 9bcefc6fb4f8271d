package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/ginapi"
)

// leaseRequest is ledger.LeaseRequest in JSON.
type leaseRequest struct {
	Gateway string `json:"gateway"`
	UserID  int64  `json:"user_id"`
	Month   string `json:"month"` // 2026-11
	Request int64  `json:"request"`
	Want    int64  `json:"want"`
	// Returned are calls that the gateway holds and will not use. It may be left out.
	Returned int64 `json:"returned"`
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
	month, err := time.Parse("2006-01", body.Month)
	if err != nil {
		return invalid("month", "The month has to have the form 2026-11.")
	}
	state, err := s.Ledger.Lease(c.Request.Context(), ledger.LeaseRequest{
		Gateway: body.Gateway, UserID: body.UserID, Month: ledger.Month(month), Number: body.Request, Want: body.Want,
		Returned: body.Returned,
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

// endLeases frees the calls that a gateway has leased and will not use.
func (s *server) endLeases(c *gin.Context) error {
	if err := s.Ledger.EndLeases(c.Request.Context(), c.Param("gateway")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
