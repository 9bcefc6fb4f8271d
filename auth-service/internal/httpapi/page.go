package httpapi

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"tallygate/auth-service/internal/account"
)

const defaultPage = 100

func pageLimit(c *gin.Context) (int, error) {
	text, given := c.GetQuery("limit")
	if !given {
		return defaultPage, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > account.MaxPage {
		return 0, &account.InvalidError{Field: "limit", Reason: fmt.Sprintf("The limit has to be a whole number from 1 to %d.", account.MaxPage)}
	}
	return limit, nil
}

// readCursor reads where the page before ended. Cursors are opaque to clients, not secret.
func readCursor(c *gin.Context) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(c.Query("cursor"))
	if err != nil {
		return "", wrongCursor()
	}
	return string(raw), nil
}

func writeCursor(at string) *string {
	text := base64.RawURLEncoding.EncodeToString([]byte(at))
	return &text
}

func wrongCursor() error {
	return &account.InvalidError{Field: "cursor", Reason: "The cursor has to be one that was answered before."}
}

// optionalQuota tells an absent member from null.
type optionalQuota struct {
	given bool
	limit *int64
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (q *optionalQuota) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	q.given, q.limit = true, nil
	if value.Kind() == jsontext.KindNull {
		return nil
	}
	limit, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return fmt.Errorf("quota: %w", err)
	}
	q.limit = &limit
	return nil
}
