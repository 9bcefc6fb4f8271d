package httpapi

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/kit/ginapi"
	"tallygate/kit/problem"
	"tallygate/kit/token"
	"tallygate/kit/turn"
)

// introspected is what is said of a token (RFC 7662 section 2.2). Of one that is not active nothing else is said.
type introspected struct {
	Active    bool   `json:"active"`
	TokenType string `json:"token_type,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Username  string `json:"username,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	Audience  string `json:"aud,omitempty"`
	ExpiresAt int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	ID        string `json:"jti,omitempty"`
	SessionID string `json:"sid,omitempty"`
	KeyID     string `json:"key,omitempty"`
	Role      string `json:"role,omitempty"`
}

// introspect says whether an access token is good now, by the database. A service asks that needs more than the signature.
func (s *server) introspect(c *gin.Context) error {
	if !s.Askers.On() {
		return problem.NotFound()
	}
	noStore(c)
	if !s.Askers.Check(c.Request) {
		return problem.New(http.StatusUnauthorized, "wrong-credential", "The credential for asking about tokens is wrong.").
			With("WWW-Authenticate", `Bearer, Basic realm="introspection", charset="UTF-8"`)
	}
	form, err := ginapi.BindForm(c)
	if err != nil {
		return err
	}
	raw := form["token"]
	if len(raw) != 1 || raw[0] == "" {
		return invalid("token", "The form has to have the field token, once and not empty.")
	}
	said, err := s.about(c, raw[0])
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, said)
	return nil
}

// about says what is known of a token. That it is refused is no error here.
func (s *server) about(c *gin.Context, raw string) (introspected, error) {
	claims, refusal := s.Verifier.Verify(raw)
	if refusal != nil || !claims.HasGeneration || claims.SessionID == "" {
		return introspected{}, nil //nolint:nilerr // see above
	}
	caller, err := s.authenticateInTurn(c, claims)
	switch {
	case errors.Is(err, account.ErrRefused):
		return introspected{}, nil
	case err != nil:
		return introspected{}, err
	}
	return s.active(claims, caller.User), nil
}

// authenticateInTurn looks into the database when it is this call's turn. So services that ask for every call of theirs
// take a part of the connections and no more, and people can sign in meanwhile.
func (s *server) authenticateInTurn(c *gin.Context, claims token.Claims) (account.Caller, error) {
	ctx := c.Request.Context()
	if err := s.Asks.Take(ctx, 0); err != nil {
		if errors.Is(err, turn.ErrTooMany) {
			return account.Caller{}, fault.ErrBusy
		}
		return account.Caller{}, err
	}
	defer s.Asks.Leave()
	return s.Accounts.Authenticate(ctx, account.Presented{
		UserID: claims.UserID, SessionID: claims.SessionID, Generation: claims.Generation, TokenID: claims.ID, KeyID: claims.KeyID,
	})
}

func (s *server) active(claims token.Claims, user account.User) introspected {
	said := introspected{
		Active: true, TokenType: "Bearer", Subject: strconv.FormatInt(claims.UserID, 10), Username: user.Name,
		Issuer: s.Verifier.Issuer(), Audience: s.Verifier.Audience(),
		ExpiresAt: claims.ExpiresAt.Unix(), ID: claims.ID, SessionID: claims.SessionID,
		Role: string(s.Accounts.RoleInForce(user.Role, user.TOTP)),
	}
	if claims.KeyID != 0 {
		said.KeyID = strconv.FormatInt(claims.KeyID, 10)
	}
	if !claims.IssuedAt.IsZero() {
		said.IssuedAt = claims.IssuedAt.Unix()
	}
	return said
}
