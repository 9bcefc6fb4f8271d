package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
	"tallygate/kit/problem"
	"tallygate/kit/token"
)

const (
	callerKey = "tallygate.caller"
	accessKey = "tallygate.access"
)

// access is the access token of a request, which has been verified.
type access struct {
	raw       string
	expiresAt time.Time
}

// requireUser refuses requests without a valid access token of a sign-in. The token of an API key is not enough: who has found
// a key must not change the account, nor make another key.
func (s *server) requireUser(c *gin.Context) error {
	if err := s.requireUserOrKey(c); err != nil {
		return err
	}
	if caller(c).KeyID != 0 {
		return account.ErrKeyNotAllowed
	}
	return nil
}

// requireUserOrKey refuses requests without a valid access token. It looks the user and the session or the key up in the
// database, so that a revoked token is refused at once.
func (s *server) requireUserOrKey(c *gin.Context) error {
	raw, err := token.FromAuthorization(c.Request.Header.Values("Authorization"))
	if err != nil {
		return problem.TokenRefused(err)
	}
	claims, err := s.Verifier.Verify(raw)
	if err != nil {
		return problem.TokenRefused(err)
	}
	if !claims.HasGeneration || claims.SessionID == "" {
		return problem.TokenRefused(token.ErrInvalid)
	}
	caller, err := s.Accounts.Authenticate(c.Request.Context(), account.Presented{
		UserID: claims.UserID, SessionID: claims.SessionID, Generation: claims.Generation, TokenID: claims.ID, KeyID: claims.KeyID,
	})
	if err != nil {
		return err
	}
	c.Set(callerKey, caller)
	c.Set(accessKey, access{raw, claims.ExpiresAt})
	ginapi.SetUserID(c, caller.User.ID)
	noStore(c)
	return nil
}

// requireAdmin comes after requireUser. It decides by the role that the user has now, not by the role in the token.
func (s *server) requireAdmin(c *gin.Context) error {
	u := caller(c).User
	switch {
	case u.Role != account.RoleAdmin:
		return account.ErrNotAdmin
	case s.Accounts.RoleInForce(u.Role, u.TOTP) != account.RoleAdmin:
		return account.ErrSetupRequired
	}
	return nil
}

// caller returns who sent the request, on routes behind requireUser.
func caller(c *gin.Context) account.Caller {
	who, _ := c.Value(callerKey).(account.Caller)
	return who
}

// accessToken returns the access token of the request, on routes behind requireUser.
func accessToken(c *gin.Context) access {
	token, _ := c.Value(accessKey).(access)
	return token
}

// requireGateway refuses requests without INTERNAL_SECRET.
func (s *server) requireGateway(c *gin.Context) error {
	if !s.Internal.Check(c.GetHeader("Authorization")) {
		return problem.New(http.StatusUnauthorized, "wrong-credential", "The credential of the private listener is wrong.").
			With("WWW-Authenticate", "Bearer")
	}
	return nil
}
