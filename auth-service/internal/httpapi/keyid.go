package httpapi

import (
	"encoding/json"
	"fmt"
	"strconv"

	"tallygate/auth-service/internal/account"
)

// readKeyID reads the id of an API key.
func readKeyID(text string) (int64, error) {
	id, ok := account.ParseID(text)
	if !ok {
		return 0, fmt.Errorf("%q is not the id of a key", text)
	}
	return id, nil
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
