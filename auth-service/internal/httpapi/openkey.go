package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/apikey"
	"tallygate/kit/ginapi"
)

// keyQuestion is a gateway's question about an API key. The key itself stays at the gateway.
type keyQuestion struct {
	Hash string `json:"hash"`
}

// openedKey is account.OpenedKey in JSON. Token and its expiry are null while the key cannot be used.
type openedKey struct {
	User           record     `json:"user"`
	KeyID          string     `json:"key_id"`
	Token          *string    `json:"token"`
	TokenExpiresAt *time.Time `json:"token_expires_at"`
}

// keyIDText is the id of a key in JSON: a number of 63 bits is not exact everywhere.
func keyIDText(id int64) string { return strconv.FormatInt(id, 10) }

// openKey answers whose key it is, with an access token that a gateway sends on instead of the key.
func (s *server) openKey(c *gin.Context) error {
	body, err := ginapi.BindKnown[keyQuestion](c, ginapi.MaxBodyBytes)
	if err != nil {
		return err
	}
	hash, err := apikey.ParseDigest(body.Hash)
	if err != nil {
		return invalid("hash", "The hash has to be a SHA-256 in base64url without padding.")
	}
	opened, err := s.Accounts.OpenKey(c.Request.Context(), hash)
	if err != nil {
		return err
	}
	out := openedKey{User: s.newWholeRecord(opened.Record), KeyID: keyIDText(opened.KeyID)}
	user := opened.Record
	subject := issuer.Subject{
		UserID: user.UserID, KeyID: opened.KeyID, Generation: user.Generation, Role: out.User.Role,
		Until: opened.Until, Link: opened.Link,
	}
	// A token whose seconds are over at once is none.
	if expiry := s.Issuer.Expiry(subject, opened.At); opened.Usable && expiry.After(opened.At) {
		token, err := s.Issuer.Issue(subject, opened.At)
		if err != nil {
			return err
		}
		out.Token, out.TokenExpiresAt = &token, &expiry
	}
	noStore(c)
	c.JSON(http.StatusOK, out)
	return nil
}
