package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/ginapi"
)

// maxReportBytes is the longest body of a report.
const maxReportBytes = 2 << 20

// rateReport is ledger.RateReport in JSON.
type rateReport struct {
	Gateway string      `json:"gateway"`
	Calls   []rateCalls `json:"calls"`
}

type rateCalls struct {
	UserID int64  `json:"user_id"`
	Limit  string `json:"limit"`
	Calls  int64  `json:"calls"`
	Step   int64  `json:"step_ns"`
	Bound  int64  `json:"bound_ns"`
}

// rateState is ledger.RateState in JSON.
type rateState struct {
	Gateways int        `json:"gateways"`
	Marks    []rateMark `json:"marks"`
}

type rateMark struct {
	UserID  int64  `json:"user_id"`
	Limit   string `json:"limit"`
	Backlog int64  `json:"backlog_ns"`
}

// shareRates adds up what gateways have let through under the limits that they share.
func (s *server) shareRates(c *gin.Context) error {
	body, err := ginapi.BindKnown[rateReport](c, maxReportBytes)
	if err != nil {
		return err
	}
	r := ledger.RateReport{Gateway: body.Gateway, Calls: make([]ledger.RateCalls, len(body.Calls))}
	for i := range body.Calls {
		b := &body.Calls[i]
		r.Calls[i] = ledger.RateCalls{
			UserID: b.UserID, Limit: b.Limit, Calls: b.Calls, Step: time.Duration(b.Step), Bound: time.Duration(b.Bound),
		}
	}
	state, err := s.Ledger.ShareRates(c.Request.Context(), r)
	if err != nil {
		return err
	}
	out := rateState{Gateways: state.Gateways, Marks: make([]rateMark, len(state.Marks))}
	for i, m := range state.Marks {
		out.Marks[i] = rateMark{UserID: m.UserID, Limit: m.Limit, Backlog: int64(m.Backlog)}
	}
	c.JSON(http.StatusOK, out)
	return nil
}
