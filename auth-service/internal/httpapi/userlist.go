package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
)

// watchedUser is a user as an administrator sees them, with what they do.
type watchedUser struct {
	managedUser
	Usage      monthUsage `json:"usage"`
	Sessions   int        `json:"sessions"`     // that live now
	LastSeenAt *time.Time `json:"last_seen_at"` // null: no session or key was ever used, as far as is known
}

// monthUsage is what a user has called in this month (UTC).
type monthUsage struct {
	Requests     int64  `json:"requests"`
	Units        int64  `json:"units"`
	ClientErrors int64  `json:"client_errors"`
	ServerErrors int64  `json:"server_errors"`
	RateLimited  int64  `json:"rate_limited"`
	Limit        *int64 `json:"limit"` // units; null: no quota
}

type userPage struct {
	Users      []watchedUser `json:"users"`
	NextCursor *string       `json:"next_cursor"` // null on the last page
}

// listUsers sends a page of users, sorted by name. The cursor is the last name of the page before, so that a later page
// costs no more than the first.
func (s *server) listUsers(c *gin.Context) error {
	p, limit, after, err := readPageParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	search, err := p.userSearch()
	if err != nil {
		return err
	}
	// One more than the limit shows whether another page follows.
	found, err := s.Accounts.Users(c.Request.Context(), search, after, limit+1)
	if err != nil {
		return err
	}
	users, next := cut(found, limit, func(u account.User) account.User { return u }, func(u account.User) string { return u.Name })
	watched, err := s.watch(c.Request.Context(), users)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, userPage{Users: watched, NextCursor: next})
	return nil
}

func (s *server) readUser(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	user, err := s.Accounts.User(c.Request.Context(), id)
	if err != nil {
		return err
	}
	watched, err := s.watch(c.Request.Context(), []account.User{user})
	if err != nil {
		return err
	}
	c.Header("ETag", userTag(&user))
	noStore(c) // the tag does not change with the usage: nobody may take an old response for a present one
	c.JSON(http.StatusOK, watched[0])
	return nil
}

// watch adds what users do. It asks for all of them at once.
func (s *server) watch(ctx context.Context, users []account.User) ([]watchedUser, error) {
	watched := make([]watchedUser, 0, len(users))
	if len(users) == 0 {
		return watched, nil
	}
	ids := make([]int64, len(users))
	for i := range users {
		ids[i] = users[i].ID
	}
	plans, err := s.Accounts.PlansOf(ctx, users)
	if err != nil {
		return nil, err
	}
	presences, err := s.Accounts.Presences(ctx, ids)
	if err != nil {
		return nil, err
	}
	totals, err := s.Ledger.MonthTotals(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range users {
		u := users[i]
		quota := monthOf(plans[u.Plan])
		quota.Own = u.MonthlyQuota
		watched = append(watched, watchedUser{
			managedUser: newManagedUser(u), Usage: newMonthUsage(totals[u.ID], s.Ledger.Quota(quota)),
			Sessions: presences[u.ID].Sessions, LastSeenAt: orNull(presences[u.ID].LastSeenAt),
		})
	}
	return watched, nil
}

func newMonthUsage(c ledger.Counts, limit *int64) monthUsage {
	return monthUsage{
		Requests: c.Requests, Units: c.Units, ClientErrors: c.ClientErrors, ServerErrors: c.ServerErrors,
		RateLimited: c.RateLimited, Limit: limit,
	}
}

// userSearch reads which users are wanted. An empty parameter is as good as none.
func (p parameters) userSearch() (search account.UserSearch, err error) {
	if search.Query, err = p.get("query"); err != nil {
		return search, err
	}
	role, err := p.get("role")
	switch {
	case err != nil:
		return search, err
	case role == "admin" || role == "user":
		wanted := account.RoleNone
		if role == "admin" {
			wanted = account.RoleAdmin
		}
		search.Role = &wanted
	case role != "":
		return search, invalid("role", `The role has to be "admin" or "user".`)
	}
	disabled, err := p.get("disabled")
	switch {
	case err != nil:
		return search, err
	case disabled == "true" || disabled == "false":
		yes := disabled == "true"
		search.Disabled = &yes
	case disabled != "":
		return search, invalid("disabled", `The parameter "disabled" has to be true or false.`)
	}
	plan, err := p.get("plan")
	if err != nil || plan == "" {
		return search, err
	}
	name, err := account.NewPlanName(plan)
	search.Plan = &name
	return search, err
}
