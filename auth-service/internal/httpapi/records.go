package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
)

// record is account.Record in JSON, for gateways.
type record struct {
	UserID        int64          `json:"user_id"`
	Exists        bool           `json:"exists"`
	Disabled      bool           `json:"disabled"`
	Generation    int64          `json:"generation"`
	Role          string         `json:"role"`
	Version       int64          `json:"version"`
	EndedSessions []endedSession `json:"ended_sessions"`
	MonthlyQuota  *int64         `json:"monthly_quota"` // for gateways that know no plans
	Plan          string         `json:"plan"`
	Roles         []string       `json:"roles"`
	OwnQuota      *int64         `json:"own_quota"`
	PlanLimits    *changedPlan   `json:"plan_limits,omitempty"`   // absent in the feed, which has the plans beside the users
	SessionKnown  *bool          `json:"session_known,omitempty"` // absent unless the gateway asks
}

type endedSession struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// newRecord sets the quota that applies, so that gateways need not know the default.
func (s *server) newRecord(r account.Record) record {
	out := record{
		UserID: r.UserID, Exists: r.Exists, Disabled: r.Disabled, Generation: r.Generation, Role: string(r.Role),
		Version: r.Version, Plan: r.Plan.Name.String(), Roles: r.Roles.Names(), OwnQuota: r.MonthlyQuota,
		EndedSessions: make([]endedSession, len(r.Ended)), MonthlyQuota: s.Ledger.Quota(quotaOf(r)),
	}
	for i, e := range r.Ended {
		out.EndedSessions[i] = endedSession(e)
	}
	return out
}

// quotaOf is what decides about the monthly quota of a record's user.
func quotaOf(r account.Record) ledger.MonthlyQuota {
	quota := monthOf(r.Plan)
	quota.Own = r.MonthlyQuota
	return quota
}

// monthOf is what decides about the monthly quota of users who have the plan, and none of their own.
func monthOf(p account.Plan) ledger.MonthlyQuota {
	return ledger.MonthlyQuota{Plan: p.PerMonth, Other: p.Name != ""}
}

func (s *server) readRecord(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	session, asked := c.GetQuery("session")
	known := false
	if asked {
		known, err = s.Accounts.Present(c.Request.Context(), account.Presented{
			UserID: id, SessionID: session, TokenID: c.Query("token"),
		})
		if err != nil {
			return err
		}
	}
	// Read afterwards: a session that ends meanwhile is in the record.
	r, err := s.Accounts.Record(c.Request.Context(), id)
	if err != nil {
		return err
	}
	out := s.newRecord(r)
	limits := s.newChangedPlan(r.Plan)
	out.PlanLimits = &limits
	if asked {
		out.SessionKnown = &known
	}
	noStore(c)
	c.JSON(http.StatusOK, out)
	return nil
}
