package httpapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/ginapi"
)

// tokens is the response to a sign-in and to a refresh: RFC 6749 section 5.1, with this API's older names.
type tokens struct {
	Message      string `json:"message"`
	Token        string `json:"token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token"`
}

// signInRequest is the body of a sign-in. A null otp or new_password is none.
type signInRequest struct {
	credentials
	OTP         *string `json:"otp"` // of the second factor
	NewPassword *string `json:"new_password"`
}

func readSignIn(c *gin.Context) (account.Credentials, error) {
	body, err := ginapi.Bind[signInRequest](c)
	if err != nil {
		return account.Credentials{}, err
	}
	out, err := body.read()
	if err != nil {
		return out, err
	}
	out.New = body.NewPassword
	out.Code, err = readOTP(body.OTP)
	return out, err
}

func (s *server) signIn(c *gin.Context) error {
	credentials, err := readSignIn(c)
	if err != nil {
		return err
	}
	from := s.origin(c)
	grant, err := s.Accounts.SignIn(c.Request.Context(), credentials, from)
	s.signInMetrics.ended(err)
	if err != nil {
		switch {
		case errors.Is(err, account.ErrWrongCredentials):
			// The name itself stays out of the log: people type their password there by mistake.
			s.logEvent(c, "sign-in failed", 0, from, "name_hash", s.Names.Of(credentials.Name))
		case errors.Is(err, account.ErrCodeRequired):
			s.logEvent(c, "sign-in needs a code", grant.User.ID, from)
		case errors.Is(err, account.ErrWrongCode):
			s.logEvent(c, "sign-in failed: wrong code", grant.User.ID, from)
		}
		return err
	}
	if credentials.New != nil {
		s.logEvent(c, "password changed", grant.User.ID, from)
	}
	s.logEvent(c, "signed in", grant.User.ID, from)
	return s.sendTokens(c, "Token created successfully", grant)
}

func (s *server) sendTokens(c *gin.Context, message string, grant account.Grant) error {
	access, err := s.Issuer.Issue(issuer.Subject{
		UserID: grant.User.ID, SessionID: grant.SessionID, Role: string(s.Accounts.RoleInForce(grant.User.Role, grant.User.TOTP)),
		Generation: grant.User.Generation, Link: grant.Refresh.Link(),
	}, grant.At)
	if err != nil {
		return err
	}
	noStore(c)
	c.JSON(http.StatusOK, tokens{
		Message: message, Token: access, TokenType: "Bearer",
		ExpiresIn: int64(s.Issuer.TTL() / time.Second), RefreshToken: grant.Refresh.Text(),
	})
	return nil
}
