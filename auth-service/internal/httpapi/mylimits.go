package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/rate"
)

// routeRatesField is where a gateway says which rates its routes have, in this request alone. It holds for the text, not for what is
// enforced.
const routeRatesField = "X-Tallygate-Rates"

// myLimits is what applies to the caller, and what is left.
type myLimits struct {
	Plan     string       `json:"plan"`
	Quotas   []namedQuota `json:"quotas"` // those that there are
	Rates    []planRate   `json:"rates"`
	InFlight *int64       `json:"in_flight"` // null: no limit
}

type namedQuota struct {
	Name      string    `json:"name"` // month, day or key, as in RateLimit fields
	Limit     int64     `json:"limit"`
	Used      int64     `json:"used"`
	Remaining int64     `json:"remaining"`
	ResetsAt  time.Time `json:"resets_at"`
}

// readMyLimits speaks of the caller's API key, too, if there is one.
func (s *server) readMyLimits(c *gin.Context) error {
	who := caller(c)
	plan, err := s.Accounts.PlanOf(c.Request.Context(), who.User.ID)
	if err != nil {
		return err
	}
	quotas, err := s.quotasOf(c.Request.Context(), who, plan)
	if err != nil {
		return err
	}
	out := myLimits{Plan: plan.Name.String(), Quotas: quotas, Rates: []planRate{}, InFlight: plan.InFlight}
	for _, r := range plan.Rates {
		out.Rates = append(out.Rates, newPlanRate(r))
	}
	for _, r := range routeRates(c.Request.Header) {
		out.Rates = append(out.Rates, newPlanRate(r))
	}
	c.JSON(http.StatusOK, out)
	return nil
}

// quotasOf are the quotas that the caller's calls have to keep to.
func (s *server) quotasOf(ctx context.Context, who account.Caller, plan account.Plan) ([]namedQuota, error) {
	month := monthOf(plan)
	month.Own = who.User.MonthlyQuota
	quotas := []namedQuota{}
	for _, q := range []struct {
		name  string
		limit *int64
		scope ledger.Scope
	}{
		{"month", s.Ledger.Quota(month), ledger.UsersMonth(who.User.ID, who.At)},
		{"day", plan.PerDay, ledger.UsersDay(who.User.ID, who.At)},
		{"key", who.KeyQuota, ledger.KeysMonth(who.User.ID, who.KeyID, who.At)},
	} {
		if q.limit == nil {
			continue
		}
		used, err := s.Ledger.Used(ctx, q.scope)
		if err != nil {
			return nil, err
		}
		quotas = append(quotas, namedQuota{q.name, *q.limit, used, max(*q.limit-used, 0), q.scope.To})
	}
	return quotas, nil
}

// routeRates are the rates that hold for all callers, as the gateway says. One that says something else than a list of rates says nothing.
func routeRates(header http.Header) (rates []account.PlanRate) {
	values := header.Values(routeRatesField)
	if len(values) != 1 {
		return nil
	}
	for one := range strings.SplitSeq(values[0], ",") {
		r, ok := rate.ParseLimit(one)
		if !ok {
			return nil
		}
		rates = append(rates, account.PlanRate(r))
	}
	return rates
}
