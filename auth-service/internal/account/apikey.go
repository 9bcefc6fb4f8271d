package account

import (
	"errors"
	"fmt"
	"time"

	"tallygate/kit/apikey"
)

// APIKey is a secret of a user that scripts call with. It lives until it is revoked.
type APIKey struct {
	ID     int64 // random
	UserID int64
	Name   string // for people

	Hash apikey.Digest
	// Previous is the hash of the secret that Hash replaced. It is good until PreviousUntil, and zero if there is none.
	Previous      apikey.Digest
	PreviousUntil time.Time

	CreatedAt    time.Time
	ExpiresAt    time.Time // zero: never
	LastUsedAt   time.Time // zero: not yet
	Routes       []string  // on which alone it is good; nil: on all
	MonthlyQuota *int64    // of its own; nil: none
}

// ErrNoKey means that there is no such API key, or not any more.
var ErrNoKey = errors.New("no such API key")

// KeysFullError means that the user has as many API keys as a user may have.
type KeysFullError struct{ Most int }

// Error says how many that are.
func (e *KeysFullError) Error() string {
	return fmt.Sprintf("the user has %d API keys already", e.Most)
}

// KeySecret is what is known of a secret that opens a key.
type KeySecret struct {
	Hash  apikey.Digest
	Until time.Time // zero: as long as the key
}

// Secrets are those that open the key now, unless it has expired.
func (k *APIKey) Secrets(now time.Time) []KeySecret {
	all := []KeySecret{{Hash: k.Hash}}
	if now.Before(k.PreviousUntil) {
		all = append(all, KeySecret{Hash: k.Previous, Until: k.PreviousUntil})
	}
	return all
}

func (k *APIKey) expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// until is the end of one of the key's secrets: its own, or the key's if that comes first. Zero is never.
func (k *APIKey) until(s KeySecret) time.Time {
	if s.Until.IsZero() || !k.ExpiresAt.IsZero() && k.ExpiresAt.Before(s.Until) {
		return k.ExpiresAt
	}
	return s.Until
}

// link ties an access token to the secret that it was issued for, so that it dies with it: another secret of the same key may
// live on.
func (s KeySecret) link() TokenLink { return TokenLink(s.Hash.Link()) }

// issued reports whether a token with this link was issued for a secret that opens the key now.
func (k *APIKey) issued(link TokenLink, now time.Time) bool {
	if k.expired(now) {
		return false
	}
	for _, s := range k.Secrets(now) {
		if s.link() == link {
			return true
		}
	}
	return false
}
