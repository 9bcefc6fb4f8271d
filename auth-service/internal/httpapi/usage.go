package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
)

// counts are ledger.Counts in JSON.
type counts struct {
	Requests     int64 `json:"requests"`
	Units        int64 `json:"units"`
	ClientErrors int64 `json:"client_errors"`
	ServerErrors int64 `json:"server_errors"`
	RateLimited  int64 `json:"rate_limited"`
	BytesIn      int64 `json:"bytes_in"`
	BytesOut     int64 `json:"bytes_out"`
}

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
	KeyID keyID     `json:"key_id,omitzero"`
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

func newUsage(r ledger.Report, byKey bool) usage {
	out := usage{
		From: r.From, To: r.To, Total: counts(r.Total), Series: make([]usageEntry, len(r.Series)),
		Quota: quotaState{Used: r.Quota.Used},
	}
	for i, e := range r.Series {
		out.Series[i] = usageEntry{Route: e.Route, KeyID: keyID{byKey, e.KeyID}, Start: e.Start, counts: counts(e.Counts)}
	}
	if r.Quota.Limit != nil {
		remaining := r.Quota.Remaining()
		out.Quota.Limit, out.Quota.Remaining, out.Quota.ResetsAt = r.Quota.Limit, &remaining, &r.Quota.ResetsAt
	}
	return out
}

// readMyUsage speaks of the API key alone if the caller has one.
func (s *server) readMyUsage(c *gin.Context) error {
	who := caller(c)
	u := who.User
	if who.KeyID != 0 {
		return s.sendUsage(c, u.ID, ledger.MonthlyQuota{Own: who.KeyQuota, Other: true}, who.KeyID)
	}
	quota := ledger.MonthlyQuota{Own: u.MonthlyQuota}
	if quota.Own == nil {
		p, err := s.Accounts.PlanOf(c.Request.Context(), u.ID)
		if err != nil {
			return err
		}
		quota = monthOf(p)
	}
	return s.sendUsage(c, u.ID, quota, 0)
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
	return s.sendUsage(c, id, quotaOf(r), 0)
}

// sendUsage sends a user's usage, or that of one of the user's API keys.
func (s *server) sendUsage(c *gin.Context, userID int64, quota ledger.MonthlyQuota, key int64) error {
	p, err := readParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	q, err := p.report()
	if err != nil {
		return err
	}
	asCSV, err := p.csv()
	if err != nil {
		return err
	}
	if key != 0 {
		if q.KeyID != 0 && q.KeyID != key {
			return account.ErrKeyNotAllowed
		}
		q.KeyID, q.QuotaKey = key, key
	}
	q.UserID, q.Quota, q.Period = userID, quota, s.Ledger.Complete(q.Period)
	r, err := s.Ledger.Report(c.Request.Context(), q)
	if err != nil {
		return err
	}
	if asCSV {
		return sendUsageCSV(c, r, q.ByKey)
	}
	c.JSON(http.StatusOK, newUsage(r, q.ByKey))
	return nil
}

// report reads which report is wanted. It does not set the user and the quota.
func (p parameters) report() (q ledger.ReportRequest, err error) {
	if q.Period, err = p.period(); err != nil {
		return q, err
	}
	if q.By, err = p.step(); err != nil {
		return q, err
	}
	q.Which, err = p.which()
	return q, err
}
