package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

// otpIssuer is the name that authenticator apps show beside the user's.
const otpIssuer = "Tallygate"

// confirmation is how the owner of an account shows once more who they are.
type confirmation struct {
	Password *string `json:"password"`
	OTP      *string `json:"otp"` // only needed if the second factor is on
}

func readConfirmation(c *gin.Context) (account.Confirmation, error) {
	body, err := ginapi.Bind[confirmation](c)
	if err != nil {
		return account.Confirmation{}, err
	}
	if err := required("password", body.Password); err != nil {
		return account.Confirmation{}, err
	}
	code, err := readOTP(body.OTP)
	return account.Confirmation{Password: *body.Password, Code: code}, err
}

// maxOTPBytes is longer than every code, however it is spaced.
const maxOTPBytes = 64

// readOTP reads a code that may be left out. Whether it is one, the domain says, after it has seen the password.
func readOTP(text *string) (string, error) {
	switch {
	case text == nil:
		return "", nil
	case len(*text) > maxOTPBytes:
		return "", invalid("otp", "The one-time code is longer than 64 bytes.")
	}
	return *text, nil
}

type totpSecret struct {
	Secret string `json:"secret"`
	URI    string `json:"uri"`
}

// beginTOTP gives the caller a secret, which is in force when confirmTOTP has seen a code of it.
func (s *server) beginTOTP(c *gin.Context) error {
	shown, err := readConfirmation(c)
	if err != nil {
		return err
	}
	who := caller(c)
	secret, err := s.Accounts.BeginFactor(c.Request.Context(), who, shown, s.origin(c))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, totpSecret{Secret: secret.Text(), URI: secret.URI(otpIssuer, who.User.Name)})
	return nil
}

type totpCode struct {
	OTP *string `json:"otp"`
}

type recoveryCodes struct {
	Codes []string `json:"recovery_codes"`
}

func (s *server) confirmTOTP(c *gin.Context) error {
	body, err := ginapi.Bind[totpCode](c)
	if err != nil {
		return err
	}
	if err := required("otp", body.OTP); err != nil {
		return err
	}
	code, err := readOTP(body.OTP)
	if err != nil {
		return err
	}
	who, from := caller(c), s.origin(c)
	codes, err := s.Accounts.ConfirmFactor(c.Request.Context(), who, code, from)
	if err != nil {
		return err
	}
	s.logEvent(c, "second factor turned on", who.User.ID, from)
	c.JSON(http.StatusOK, recoveryCodes{codes})
	return nil
}

func (s *server) replaceRecoveryCodes(c *gin.Context) error {
	shown, err := readConfirmation(c)
	if err != nil {
		return err
	}
	who, from := caller(c), s.origin(c)
	codes, err := s.Accounts.ReplaceRecovery(c.Request.Context(), who, shown, from)
	if err != nil {
		return err
	}
	s.logEvent(c, "recovery codes replaced", who.User.ID, from)
	c.JSON(http.StatusOK, recoveryCodes{codes})
	return nil
}

func (s *server) removeTOTP(c *gin.Context) error {
	shown, err := readConfirmation(c)
	if err != nil {
		return err
	}
	who, from := caller(c), s.origin(c)
	if err := s.Accounts.RemoveFactor(c.Request.Context(), who, shown, from); err != nil {
		return err
	}
	s.logEvent(c, "second factor turned off", who.User.ID, from)
	c.Status(http.StatusNoContent)
	return nil
}

// removeUserTOTP is for users who have lost theirs.
func (s *server) removeUserTOTP(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	if _, err := s.Accounts.RemoveFactorOf(c.Request.Context(), s.actor(c), id); err != nil {
		return err
	}
	s.logEvent(c, "second factor turned off by an administrator", id, s.origin(c))
	c.Status(http.StatusNoContent)
	return nil
}
