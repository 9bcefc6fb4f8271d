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

type userPage struct {
	Users      []managedUser `json:"users"`
	NextCursor *string       `json:"next_cursor"` // null on the last page
}

// listUsers sends a page of users, sorted by name. The cursor is the last name of the page before, so that a later page
// costs no more than the first.
func (s *server) listUsers(c *gin.Context) error {
	p, limit, after, err := readPageParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	prefix, err := p.get("query")
	if err != nil {
		return err
	}
	// One more than the limit shows whether another page follows.
	users, err := s.Accounts.Users(c.Request.Context(), prefix, after, limit+1)
	if err != nil {
		return err
	}
	var page userPage
	page.Users, page.NextCursor = cut(users, limit, newManagedUser, func(u account.User) string { return u.Name })
	c.JSON(http.StatusOK, page)
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
	c.JSON(http.StatusOK, newManagedUser(user))
	return nil
}

func (s *server) editUser(c *gin.Context) error {
	id, err := userID(c)
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
	user, err := s.Accounts.EditUser(c.Request.Context(), s.actor(c), id, edit)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newManagedUser(user))
	return nil
}

func (s *server) removeUser(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	by := s.actor(c)
	if err := s.Accounts.RemoveUser(c.Request.Context(), by, id); err != nil {
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
