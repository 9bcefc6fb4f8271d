package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

// userAddition is the body of a call that makes a user. A null password is none.
type userAddition struct {
	Username     *string        `json:"username"`
	Password     *string        `json:"password"`
	Role         jsontext.Value `json:"role"`
	MonthlyQuota jsontext.Value `json:"monthly_quota"`
	Plan         jsontext.Value `json:"plan"`
	Roles        jsontext.Value `json:"roles"`
	Invitation   *bool          `json:"invitation"`
}

// inviteUser makes an invitation for that name instead of a user.
func (s *server) inviteUser(c *gin.Context, name string, body userAddition, edit account.Edit) error {
	if body.Password != nil || edit.Role != nil || edit.Quota != nil {
		return invalid("invitation", "An invitation carries a plan and roles: a password, a role and a quota cannot go with it.")
	}
	wanted := account.Invited{Name: name, Life: account.DefaultInvitationLife}
	if edit.Plan != nil {
		wanted.Plan = *edit.Plan
	}
	if edit.Roles != nil {
		wanted.Roles = *edit.Roles
	}
	made, token, err := s.Accounts.InviteByName(c.Request.Context(), s.actor(c), wanted)
	if err != nil {
		return err
	}
	s.sendInvitation(c, made, token)
	return nil
}

// addedUser is a new user, and the reset token of one without a password.
type addedUser struct {
	managedUser
	*resetToken
}

func (s *server) addUser(c *gin.Context) error {
	body, err := ginapi.Bind[userAddition](c)
	if err != nil {
		return err
	}
	if err := required("username", body.Username); err != nil {
		return err
	}
	edit, err := userEdit{Role: body.Role, MonthlyQuota: body.MonthlyQuota, Plan: body.Plan, Roles: body.Roles}.edit()
	if err != nil {
		return err
	}
	if body.Invitation != nil && *body.Invitation {
		return s.inviteUser(c, *body.Username, body, edit)
	}
	addition := account.Addition{Name: *body.Username, Password: body.Password, Edit: edit}
	user, token, err := s.Accounts.AddUser(c.Request.Context(), s.actor(c), addition, s.origin(c))
	if err != nil {
		return err
	}
	added := addedUser{managedUser: newManagedUser(user)}
	if body.Password == nil {
		shown := s.newResetToken(token)
		added.resetToken = &shown
	}
	c.JSON(http.StatusCreated, added)
	return nil
}
