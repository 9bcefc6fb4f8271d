package httpapi

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// readKeyID reads the id of an API key: a whole number from 1 to 2^63-1 in decimal digits, the first of them not 0.
func readKeyID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (id < 1 || strconv.FormatInt(id, 10) != text) {
		err = fmt.Errorf("%q is not the id of a key", text)
	}
	return id, err
}

// keyID is the member key_id of an entry. It is left out if entries are not by key, and null for what was called without one.
type keyID struct {
	shown bool
	id    int64
}

// IsZero says that the member is left out.
func (k keyID) IsZero() bool { return !k.shown }

// MarshalJSON implements json.Marshaler.
func (k keyID) MarshalJSON() ([]byte, error) {
	if k.id == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(strconv.FormatInt(k.id, 10))
}
