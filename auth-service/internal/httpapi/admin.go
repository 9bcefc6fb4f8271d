package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
	"tallygate/kit/problem"
)

// managedUser is a user as an administrator sees them.
type managedUser struct {
	profile
	Disabled     bool   `json:"disabled"`
	MonthlyQuota *int64 `json:"monthly_quota"` // the user's own
	MustChange   bool   `json:"must_change_password"`
}

func newManagedUser(u account.User) managedUser {
	return managedUser{
		profile:  newProfile(u),
		Disabled: u.Disabled, MonthlyQuota: u.MonthlyQuota, MustChange: u.MustChangePassword,
	}
}

// userTag is the entity tag of what editUser changes, and of nothing else: what users call, and where they are signed in, changes all
// the time and is no reason to refuse a change (docs/adr/0038-entity-tags.md).
func userTag(u *account.User) string {
	return tagOf(struct {
		ID           int64
		Disabled     bool
		Role         account.Role
		MonthlyQuota *int64
		Plan         account.PlanName
		Roles        account.Roles
		MustChange   bool
	}{u.ID, u.Disabled, u.Role, u.MonthlyQuota, u.Plan, u.Roles, u.MustChangePassword})
}

func (s *server) editUser(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	when, err := precondition(c, userTag)
	if err != nil {
		return err
	}
	body, err := ginapi.Bind[userEdit](c)
	if err != nil {
		return err
	}
	edit, err := body.edit()
	if err != nil {
		return err
	}
	user, err := s.Accounts.EditUser(c.Request.Context(), s.actor(c), id, edit, when)
	if err != nil {
		return err
	}
	c.Header("ETag", userTag(&user))
	c.JSON(http.StatusOK, newManagedUser(user))
	return nil
}

func (s *server) removeUser(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	when, err := precondition(c, userTag)
	if err != nil {
		return err
	}
	by := s.actor(c)
	if err := s.Accounts.RemoveUser(c.Request.Context(), by, id, when); err != nil {
		return err
	}
	s.logEvent(c, "account deleted", id, s.origin(c), "by_user_id", by.ID)
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) actor(c *gin.Context) account.Actor {
	u := caller(c).User
	return account.Actor{ID: u.ID, Name: u.Name, Address: s.origin(c).Address.String()}
}

// userID reads the id in the path. It refuses other spellings, such as 007.
func userID(c *gin.Context) (int64, error) {
	id, ok := account.ParseID(c.Param("id"))
	if !ok {
		return 0, problem.New(http.StatusUnprocessableEntity, "invalid-id", "The user id has to be a positive whole number.")
	}
	return id, nil
}
