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
	Keys          []keyRecord    `json:"keys"`
}

// keyRecord is account.APIKey in JSON, for gateways.
type keyRecord struct {
	KeyID        string      `json:"key_id"`
	Hashes       []keySecret `json:"hashes"`
	ExpiresAt    *time.Time  `json:"expires_at"`
	Routes       []string    `json:"routes"` // null: every route
	MonthlyQuota *int64      `json:"monthly_quota"`
}

type keySecret struct {
	Hash  string     `json:"hash"`
	Until *time.Time `json:"until"` // null: as long as the key
}

func newKeyRecord(k *account.APIKey, now time.Time) keyRecord {
	out := keyRecord{KeyID: keyIDText(k.ID), ExpiresAt: orNull(k.ExpiresAt), Routes: k.Routes, MonthlyQuota: k.MonthlyQuota}
	for _, secret := range k.Secrets(now) {
		out.Hashes = append(out.Hashes, keySecret{Hash: secret.Hash.String(), Until: orNull(secret.Until)})
	}
	return out
}

type endedSession struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// newRecord sets the quota and the role that apply, so that gateways need not know the defaults and ADMIN_TOTP.
func (s *server) newRecord(r account.Record) record {
	out := record{
		UserID: r.UserID, Exists: r.Exists, Disabled: r.Disabled, Generation: r.Generation,
		Role: string(s.Accounts.RoleInForce(r.Role, r.TOTP)), Version: r.Version,
		Plan: r.Plan.Name.String(), Roles: r.Roles.Names(), OwnQuota: r.MonthlyQuota,
		EndedSessions: make([]endedSession, len(r.Ended)), MonthlyQuota: s.Ledger.Quota(quotaOf(r)),
		Keys: make([]keyRecord, len(r.Keys)),
	}
	for i, e := range r.Ended {
		out.EndedSessions[i] = endedSession(e)
	}
	for i := range r.Keys {
		out.Keys[i] = newKeyRecord(&r.Keys[i], r.At)
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

// newWholeRecord is a record with the user's plan: the gateway may not have heard of it yet.
func (s *server) newWholeRecord(r account.Record) record {
	out := s.newRecord(r)
	limits := s.newChangedPlan(r.Plan)
	out.PlanLimits = &limits
	return out
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
	out := s.newWholeRecord(r)
	if asked {
		out.SessionKnown = &known
	}
	noStore(c)
	c.JSON(http.StatusOK, out)
	return nil
}
