package ginapi

import (
	"mime"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"tallygate/kit/problem"
)

const formType = "application/x-www-form-urlencoded"

// BindForm reads the request's body, a form, and returns its fields. Those of the query are not among them. The error is always
// a problem: 400 unreadable, 413 too large, 415 no form.
func BindForm(c *gin.Context) (url.Values, error) {
	if err := checkEncoding(c.Request.Header); err != nil {
		return nil, err
	}
	if mediaType, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || mediaType != formType {
		return nil, problem.New(http.StatusUnsupportedMediaType, "unsupported-media-type",
			"Send the body as a form, with the header Content-Type: "+formType+".").With("Accept", formType)
	}
	body, err := readBody(c, MaxBodyBytes)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "malformed-form", "The body is not a form: it has a % without two hexadecimal digits, or a semicolon.")
	}
	return form, nil
}
