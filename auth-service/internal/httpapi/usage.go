package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
)

// usage is ledger.Report in JSON.
type usage struct {
	From   time.Time    `json:"from"`
	To     time.Time    `json:"to"`
	Total  counts       `json:"total"`
	Series []usageEntry `json:"series"`
	Quota  quotaState   `json:"quota"`
}

type usageEntry struct {
	Route string    `json:"route"`
	Start time.Time `json:"start"`
	counts
}

// quotaState is about the present month, whatever period the report covers. Without a quota all members but used are null.
type quotaState struct {
	Limit     *int64     `json:"limit"`
	Used      int64      `json:"used"`
	Remaining *int64     `json:"remaining"`
	ResetsAt  *time.Time `json:"resets_at"`
}

func newUsage(r ledger.Report) usage {
	out := usage{
		From: r.From, To: r.To, Total: counts(r.Total), Series: make([]usageEntry, len(r.Series)),
		Quota: quotaState{Used: r.Quota.Used},
	}
	for i, e := range r.Series {
		out.Series[i] = usageEntry{Route: e.Route, Start: e.Start, counts: counts(e.Counts)}
	}
	if r.Quota.Limit != nil {
		remaining := r.Quota.Remaining()
		out.Quota.Limit, out.Quota.Remaining, out.Quota.ResetsAt = r.Quota.Limit, &remaining, &r.Quota.ResetsAt
	}
	return out
}

func (s *server) readMyUsage(c *gin.Context) error {
	u := caller(c).User
	return s.sendUsage(c, u.ID, u.MonthlyQuota)
}

// readUserUsage also works for users who are gone: their usage is kept.
func (s *server) readUserUsage(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	r, err := s.Accounts.Record(c.Request.Context(), id)
	if err != nil {
		return err
	}
	return s.sendUsage(c, id, r.MonthlyQuota)
}

func (s *server) sendUsage(c *gin.Context, userID int64, quota *int64) error {
	q, err := readReportRequest(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	q.UserID, q.Quota, q.Period = userID, quota, s.Ledger.Complete(q.Period)
	r, err := s.Ledger.Report(c.Request.Context(), q)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newUsage(r))
	return nil
}

// readReportRequest reads a query. It does not set the user and the quota.
func readReportRequest(rawQuery string) (q ledger.ReportRequest, err error) {
	p, err := readParameters(rawQuery)
	if err != nil {
		return q, err
	}
	if q.Period, err = p.period(); err != nil {
		return q, err
	}
	if q.By, err = p.step(); err != nil {
		return q, err
	}
	q.Route, err = p.get("route")
	return q, err
}
