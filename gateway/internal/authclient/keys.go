package authclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tallygate/kit/apikey"
)

// ErrNoKey is an API key that does not exist: it never did, or it has ended.
var ErrNoKey = errors.New("there is no such API key")

// noKey is the name of the problem that says so. A 404 of another type is of an auth-service of an older version, or of a proxy.
const noKey = "no-such-key"

// Key is an API key of a user, as its record has it.
type Key struct {
	ID           int64      `json:"key_id,string"`
	Hashes       []KeyHash  `json:"hashes"`
	ExpiresAt    *time.Time `json:"expires_at"`    // nil: never
	Routes       []string   `json:"routes"`        // nil: every route
	MonthlyQuota *int64     `json:"monthly_quota"` // nil: none of its own
}

// KeyHash is a secret that is good for the key: the present one, and while a rotation overlaps the one before.
type KeyHash struct {
	Hash  string     `json:"hash"`  // SHA-256 in base64url
	Until *time.Time `json:"until"` // nil: as long as the key
}

// KeyAnswer says whose key it is, and has a token that stands for the key.
type KeyAnswer struct {
	User  Record `json:"user"`
	KeyID int64  `json:"key_id,string"`
	Token string `json:"token"`
}

const keysPath = "/internal/keys"

// Key asks whose key has this SHA-256. Errors: ErrNoKey, ErrUnavailable, *RefusedError.
func (c *Client) Key(ctx context.Context, hash apikey.Digest) (KeyAnswer, error) {
	body, err := json.Marshal(map[string]string{"hash": hash.String()})
	if err != nil {
		return KeyAnswer{}, fmt.Errorf("encode hash: %w", err)
	}
	var answer KeyAnswer
	err = c.call(ctx, http.MethodPost, keysPath, body, &answer)
	return answer, err
}
