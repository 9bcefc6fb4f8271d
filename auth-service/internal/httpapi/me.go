package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

// profile is a user as the user sees it.
type profile struct {
	UserID    int64     `json:"user_id"`
	Username  string    `json:"username"`
	CreatedAt time.Time `json:"created_at"`
	Role      string    `json:"role"`
	Plan      string    `json:"plan"`
	Roles     []string  `json:"roles"`
	TOTP      bool      `json:"totp"` // whether signing in takes a one-time code
}

func newProfile(u account.User) profile {
	return profile{
		UserID: u.ID, Username: u.Name, CreatedAt: u.CreatedAt, Role: roleName(u.Role),
		Plan: u.Plan.String(), Roles: u.Roles.Names(), TOTP: u.TOTP,
	}
}

// roleName is the name of a role in the API.
func roleName(r account.Role) string {
	if r == account.RoleNone {
		return "user"
	}
	return string(r)
}

func (s *server) readMe(c *gin.Context) error {
	c.JSON(http.StatusOK, newProfile(caller(c).User))
	return nil
}

type passwordChange struct {
	Current *string `json:"current_password"`
	New     *string `json:"new_password"`
}

func (s *server) changePassword(c *gin.Context) error {
	body, err := ginapi.Bind[passwordChange](c)
	if err != nil {
		return err
	}
	if err := required("current_password", body.Current); err != nil {
		return err
	}
	if err := required("new_password", body.New); err != nil {
		return err
	}
	who, from := caller(c), s.origin(c)
	if err := s.Accounts.ChangePassword(c.Request.Context(), who, *body.Current, *body.New, from); err != nil {
		return err
	}
	s.logEvent(c, "password changed", who.User.ID, from)
	c.Status(http.StatusNoContent)
	return nil
}

type deletion struct {
	Password *string `json:"password"`
}

func (s *server) deleteMe(c *gin.Context) error {
	body, err := ginapi.Bind[deletion](c)
	if err != nil {
		return err
	}
	if err := required("password", body.Password); err != nil {
		return err
	}
	who, from := caller(c), s.origin(c)
	if err := s.Accounts.DeleteAccount(c.Request.Context(), who, *body.Password, from); err != nil {
		return err
	}
	s.logEvent(c, "account deleted", who.User.ID, from)
	c.Status(http.StatusNoContent)
	return nil
}
