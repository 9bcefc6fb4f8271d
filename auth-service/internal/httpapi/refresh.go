package httpapi

import (
	"errors"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

type refreshRequest struct {
	RefreshToken *string `json:"refresh_token"`
}

func (s *server) refresh(c *gin.Context) error {
	body, err := ginapi.Bind[refreshRequest](c)
	if err != nil {
		return err
	}
	if err := required("refresh_token", body.RefreshToken); err != nil {
		return err
	}
	grant, err := s.Accounts.Refresh(c.Request.Context(), *body.RefreshToken)
	if err != nil {
		if errors.Is(err, account.ErrReused) {
			s.logEvent(c, "session ended: a spent refresh token came back", grant.User.ID, s.origin(c))
		}
		return err
	}
	ginapi.SetUserID(c, grant.User.ID)
	return s.sendTokens(c, "Token refreshed successfully", grant)
}
