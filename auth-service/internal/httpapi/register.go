package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

// credentials is the body of a registration, and part of that of a sign-in. Pointers distinguish an absent member from an empty one.
type credentials struct {
	Username *string `json:"username"`
	Password *string `json:"password"`
}

// read requires both members.
func (b credentials) read() (account.Credentials, error) {
	if err := required("username", b.Username); err != nil {
		return account.Credentials{}, err
	}
	if err := required("password", b.Password); err != nil {
		return account.Credentials{}, err
	}
	return account.Credentials{Name: *b.Username, Password: *b.Password}, nil
}

func required(name string, value *string) error {
	if value == nil {
		return invalid(name, `The member "`+name+`" is missing.`)
	}
	return nil
}

// application is the body of a registration.
type application struct {
	credentials
	Invitation *string `json:"invitation"`
}

// registered must not get more members: existing clients compare the whole body.
type registered struct {
	Message string `json:"message"`
	UserID  int64  `json:"user_id"`
}

func (s *server) register(c *gin.Context) error {
	body, err := ginapi.Bind[application](c)
	if err != nil {
		return err
	}
	credentials, err := body.read()
	if err != nil {
		return err
	}
	from := s.origin(c)
	applicant := account.Applicant{Credentials: credentials, Invitation: body.Invitation}
	user, created, err := s.Accounts.Register(c.Request.Context(), applicant, from)
	if err != nil {
		return err
	}
	noStore(c)
	if !created {
		c.JSON(http.StatusOK, registered{"User already exists", user.ID})
		return nil
	}
	s.logEvent(c, "registered", user.ID, from)
	c.JSON(http.StatusCreated, registered{"User created successfully", user.ID})
	return nil
}
