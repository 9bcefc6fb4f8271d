package httpapi

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"

	"tallygate/auth-service/internal/account"
)

const defaultPage = 100

// readPageParameters reads a query, and in it which page is wanted.
func readPageParameters(rawQuery string) (p parameters, limit int, cursor string, err error) {
	if p, err = readParameters(rawQuery); err != nil {
		return p, 0, "", err
	}
	if limit, err = p.limit(); err != nil {
		return p, 0, "", err
	}
	cursor, err = p.cursor()
	return p, limit, cursor, err
}

// limit reads how many entries a page holds.
func (p parameters) limit() (int, error) {
	text, err := p.get("limit")
	if err != nil || !p.values.Has("limit") {
		return defaultPage, err
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > account.MaxPage {
		return 0, invalid("limit", fmt.Sprintf("The limit has to be a whole number from 1 to %d.", account.MaxPage))
	}
	return limit, nil
}

// cursor reads where the page before ended. Cursors are opaque to clients, but not secret. Their content goes to the
// database, so it has to be text without NUL.
func (p parameters) cursor() (string, error) {
	text, err := p.get("cursor")
	if err != nil {
		return "", err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
		return "", wrongCursor()
	}
	return string(raw), nil
}

// cut makes a page of items. If there are more than limit, another page follows, and next is its cursor. show returns what
// clients see of an item. at returns the content of the cursor of a page that ends with an item.
func cut[Item, Shown any](items []Item, limit int, show func(Item) Shown, at func(Item) string) (page []Shown, next *string) {
	if len(items) > limit {
		items = items[:limit]
		next = writeCursor(at(items[limit-1]))
	}
	page = make([]Shown, 0, limit)
	for _, item := range items {
		page = append(page, show(item))
	}
	return page, next
}

func writeCursor(at string) *string {
	text := base64.RawURLEncoding.EncodeToString([]byte(at))
	return &text
}

func wrongCursor() error {
	return invalid("cursor", "The cursor has to be the next_cursor of an earlier page.")
}
