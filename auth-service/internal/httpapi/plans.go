package httpapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
	"tallygate/kit/rate"
)

// limits is account.Limits in JSON. null is no limit.
type limits struct {
	PerMonth *int64     `json:"requests_per_month"`
	PerDay   *int64     `json:"requests_per_day"`
	Rates    []planRate `json:"rates"`
	InFlight *int64     `json:"in_flight"`
}

// planRate is account.PlanRate in JSON. The burst may be left out: it is the number of the rate then.
type planRate struct {
	Route *string `json:"route"`
	Rate  *string `json:"rate"`
	Burst *int    `json:"burst"`
}

// plan is a plan as an administrator sees it.
type plan struct {
	Name string `json:"name"`
	limits
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

type planPage struct {
	Plans      []plan  `json:"plans"`
	NextCursor *string `json:"next_cursor"` // null on the last page
}

// newLimits shows the month that applies: the plan default has MONTHLY_QUOTA unless it was given one.
func (s *server) newLimits(p account.Plan) limits {
	out := limits{PerMonth: s.Ledger.Quota(monthOf(p)), PerDay: p.PerDay, InFlight: p.InFlight, Rates: make([]planRate, len(p.Rates))}
	for i, r := range p.Rates {
		out.Rates[i] = newPlanRate(r)
	}
	return out
}

func newPlanRate(r account.PlanRate) planRate {
	text := r.Rate.String()
	return planRate{Route: &r.Route, Rate: &text, Burst: &r.Burst}
}

func (s *server) newPlan(p account.Plan) plan {
	return plan{Name: p.Name.String(), limits: s.newLimits(p), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
}

// planTag is the entity tag of a plan as newPlan shows it.
func (s *server) planTag(p *account.Plan) string { return tagOf(s.newPlan(*p)) }

// limits reads the members. The error is an *invalidError.
func (l limits) limits() (out account.Limits, err error) {
	out = account.Limits{PerMonth: l.PerMonth, PerDay: l.PerDay, InFlight: l.InFlight}
	for i, r := range l.Rates {
		one, wrong := r.rate()
		if wrong != "" {
			return out, invalid("rates", fmt.Sprintf("Rate %d of the list: %s.", i+1, wrong))
		}
		out.Rates = append(out.Rates, one)
	}
	return out, nil
}

// rate reads the members, or says what is wrong.
func (r planRate) rate() (out account.PlanRate, wrong string) {
	if r.Route == nil || r.Rate == nil {
		return out, `it needs a "route" and a "rate"`
	}
	parsed, ok := rate.Parse(*r.Rate)
	if !ok {
		return out, rate.About
	}
	out = account.PlanRate{Route: *r.Route, Rate: parsed, Burst: parsed.Calls}
	if r.Burst != nil {
		out.Burst = *r.Burst
	}
	return out, ""
}

func (s *server) putPlan(c *gin.Context) error {
	when, err := precondition(c, s.planTag)
	if err != nil {
		return err
	}
	body, err := ginapi.Bind[limits](c)
	if err != nil {
		return err
	}
	wanted, err := body.limits()
	if err != nil {
		return err
	}
	p, created, err := s.Accounts.PutPlan(c.Request.Context(), s.actor(c), c.Param("name"), wanted, when)
	if err != nil {
		return err
	}
	c.Header("ETag", s.planTag(&p))
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.JSON(status, s.newPlan(p))
	return nil
}

func (s *server) readPlan(c *gin.Context) error {
	asked, err := readPreconditions(c.Request.Header)
	if err != nil {
		return err
	}
	p, err := s.Accounts.Plan(c.Request.Context(), c.Param("name"))
	if err != nil {
		return err
	}
	tag := s.planTag(&p)
	if asked.match != nil && !asked.match.has(tag, false) {
		return account.ErrChangedMeanwhile
	}
	c.Header("ETag", tag)
	c.Header("Cache-Control", "private, no-cache")
	if asked.noneMatch != nil && asked.noneMatch.has(tag, true) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.JSON(http.StatusOK, s.newPlan(p))
	return nil
}

func (s *server) deletePlan(c *gin.Context) error {
	when, err := precondition(c, s.planTag)
	if err != nil {
		return err
	}
	if err := s.Accounts.DeletePlan(c.Request.Context(), s.actor(c), c.Param("name"), when); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// listPlans sends a page of plans, sorted by name. Most installations have few: a page is as long as it may be, unless the
// client wants less.
func (s *server) listPlans(c *gin.Context) error {
	p, limit, after, err := readPageParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	if !p.values.Has("limit") {
		limit = account.MaxPage
	}
	plans, err := s.Accounts.Plans(c.Request.Context(), after, limit+1)
	if err != nil {
		return err
	}
	var page planPage
	page.Plans, page.NextCursor = cut(plans, limit, s.newPlan, func(p account.Plan) string { return p.Name.String() })
	c.JSON(http.StatusOK, page)
	return nil
}
