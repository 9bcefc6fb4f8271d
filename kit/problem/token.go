package problem

import (
	"errors"
	"net/http"

	"tallygate/kit/token"
)

// tokenBody is what clients of the first contract compare whole.
const tokenBody = `{"message":"Token is not valid"}`

// TokenRefused is the response to a missing, bad, expired or revoked token: always 401, always the same body. Only
// WWW-Authenticate differs (RFC 6750 section 3). It has an error if a token was sent. It says that the token has expired
// if that is all that is wrong with it.
func TokenRefused(cause error) *Details {
	d := New(http.StatusUnauthorized, "token-not-valid", "Token is not valid")
	d.token = true
	switch {
	case errors.Is(cause, token.ErrMissing):
		return d.With("WWW-Authenticate", `Bearer`)
	case errors.Is(cause, token.ErrExpired):
		return d.With("WWW-Authenticate", `Bearer error="invalid_token", error_description="expired"`)
	}
	return d.With("WWW-Authenticate", `Bearer error="invalid_token"`)
}
