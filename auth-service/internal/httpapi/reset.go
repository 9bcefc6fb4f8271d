package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

// resetToken is a reset token as it is shown, once.
type resetToken struct {
	Token     string    `json:"reset_token"`
	ExpiresAt time.Time `json:"expires_at"`
	Link      string    `json:"link,omitempty"`
}

func (s *server) newResetToken(t account.ResetToken) resetToken {
	return resetToken{Token: t.Text(), ExpiresAt: t.ExpiresAt, Link: t.Link(s.PublicURL)}
}

func (s *server) makeReset(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	// There is nothing to say in the body. Clients that always send one may send an empty object.
	if _, err := ginapi.BindOptional[struct{}](c); err != nil {
		return err
	}
	_, token, err := s.Accounts.Reset(c.Request.Context(), s.actor(c), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, s.newResetToken(token))
	return nil
}

type resetUse struct {
	Token       *string `json:"reset_token"`
	NewPassword *string `json:"new_password"`
}

func (s *server) useReset(c *gin.Context) error {
	body, err := ginapi.Bind[resetUse](c)
	if err != nil {
		return err
	}
	if err := required("reset_token", body.Token); err != nil {
		return err
	}
	if err := required("new_password", body.NewPassword); err != nil {
		return err
	}
	from := s.origin(c)
	user, err := s.Accounts.UseReset(c.Request.Context(), *body.Token, *body.NewPassword, from)
	if err != nil {
		return err
	}
	s.logEvent(c, "password reset", user.ID, from)
	noStore(c)
	c.Status(http.StatusNoContent)
	return nil
}
