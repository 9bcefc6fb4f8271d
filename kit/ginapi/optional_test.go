package ginapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"tallygate/kit/ginapi"
)

func TestABodyThatMayBeLeftOutIsReadStrictlyIfItIsThere(t *testing.T) {
	t.Parallel()
	api, _ := newAPI(io.Discard)
	api.POST("/optional", api.Handle(func(c *gin.Context) error {
		b, err := ginapi.BindOptional[body](c)
		if err == nil {
			c.JSON(http.StatusOK, b)
		}
		return err
	}))
	for name, row := range map[string]struct {
		contentType, text string
		chunked           bool
		want              int
		body              string
	}{
		"nothing":                     {"", "", false, 200, `{"name":"","age":null}`},
		"nothing, as JSON":            {"application/json", "", false, 200, `{"name":"","age":null}`},
		"nothing, as curl -d ''":      {"application/x-www-form-urlencoded", "", false, 200, `{"name":"","age":null}`},
		"nothing, of unknown length":  {"application/json", "", true, 200, `{"name":"","age":null}`},
		"an object":                   {"application/json", `{"name":"a"}`, false, 200, `{"name":"a","age":null}`},
		"an object of unknown length": {"application/json", `{"name":"a"}`, true, 200, `{"name":"a","age":null}`},
		"white space":                 {"application/json", " ", false, 400, ""},
		"null":                        {"application/json", "null", false, 400, ""},
		"an unknown member":           {"application/json", `{"x":1}`, false, 422, ""},
		"another type":                {"text/plain", `{"name":"a"}`, false, 415, ""},
		"too much":                    {"application/json", strings.Repeat(" ", ginapi.MaxBodyBytes+1), false, 413, ""},
	} {
		r := httptest.NewRequest(http.MethodPost, "/optional", strings.NewReader(row.text))
		r.Header.Set("Content-Type", row.contentType)
		if row.chunked {
			r.ContentLength = -1
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != row.want || row.body != "" && w.Body.String() != row.body {
			t.Errorf("%s: got %d %s, want %d %s", name, w.Code, w.Body, row.want, row.body)
		}
	}
}
