package httpapi

import (
	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
	"tallygate/kit/problem"
	"tallygate/kit/token"
)

const callerKey = "tallygate.caller"

// requireUser lets only those pass whose access token is good and still means something: the database is asked, so that
// a revoked token is refused here at once.
func (s *server) requireUser(c *gin.Context) error {
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
	caller, err := s.Accounts.Authenticate(c.Request.Context(), claims.UserID, claims.SessionID, claims.Generation)
	if err != nil {
		return err
	}
	c.Set(callerKey, caller)
	ginapi.SetUserID(c, caller.User.ID)
	noStore(c)
	return nil
}

// requireAdmin comes after requireUser. What counts is the role that the user has now, not the one in the token.
func (s *server) requireAdmin(c *gin.Context) error {
	if caller(c).User.Role != account.RoleAdmin {
		return account.ErrNotAdmin
	}
	return nil
}

// caller is whom requireUser has let pass.
func caller(c *gin.Context) account.Caller {
	who, _ := c.Value(callerKey).(account.Caller) // set by requireUser on every route that asks
	return who
}
