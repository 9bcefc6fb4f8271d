package httpapi

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"tallygate/auth-service/internal/account"
)

const defaultPage = 100

func pageLimit(c *gin.Context) (int, error) {
	text, given, err := once(c, "limit")
	if err != nil || !given {
		return defaultPage, err
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > account.MaxPage {
		return 0, &account.InvalidError{Field: "limit", Reason: fmt.Sprintf("The limit has to be a whole number from 1 to %d.", account.MaxPage)}
	}
	return limit, nil
}

// once reads a parameter that must not be repeated: which of the two was meant is anybody's guess.
func once(c *gin.Context, name string) (text string, given bool, err error) {
	p, err := readParameters(c.Request.URL.RawQuery)
	if err != nil {
		return "", false, err
	}
	text, err = p.get(name)
	return text, p.values.Has(name), err
}

// readCursor reads where the page before ended. Cursors are opaque to clients, not secret. What is in them goes to the
// database, so it has to be text.
func readCursor(c *gin.Context) (string, error) {
	text, _, err := once(c, "cursor")
	if err != nil {
		return "", err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
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
