package check

import (
	"math"
	"slices"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/apikey"
)

// Key is an API key, as the user's newest record has it. It never changes.
type Key struct {
	ID int64
	// MonthlyQuota is how many units calls with the key may cost in a calendar month, or NoQuota.
	MonthlyQuota int64
	Routes       []string // on which it is good; nil: on every one

	expiresAt int64 // Unix nanoseconds
	secrets   []secret
}

// secret is one that is good for a key: the present one, and while a rotation overlaps the one before.
type secret struct {
	link  apikey.Link // in the ids of tokens that stand for it
	until int64       // Unix nanoseconds
}

// MayCall reports whether the key is good on a route.
func (k *Key) MayCall(route string) bool { return k.Routes == nil || slices.Contains(k.Routes, route) }

// decide says what a token with this id is worth that stands for the key.
func (k *Key) decide(tokenID string, now int64) decision {
	link := apikey.LinkOf(tokenID)
	for i := range k.secrets {
		if s := &k.secrets[i]; s.link == link {
			if now < s.until && now < k.expiresAt {
				return valid
			}
			return revoked
		}
	}
	return ahead
}

func newKeys(records []authclient.Key) map[int64]*Key {
	if len(records) == 0 {
		return nil
	}
	keys := make(map[int64]*Key, len(records))
	for i := range records {
		r := &records[i]
		k := &Key{ID: r.ID, MonthlyQuota: NoQuota, Routes: r.Routes, expiresAt: nanoseconds(r.ExpiresAt)}
		if r.MonthlyQuota != nil {
			k.MonthlyQuota = *r.MonthlyQuota
		}
		for _, one := range r.Hashes {
			if digest, err := apikey.ParseDigest(one.Hash); err == nil {
				k.secrets = append(k.secrets, secret{link: digest.Link(), until: nanoseconds(one.Until)})
			}
		}
		keys[k.ID] = k
	}
	return keys
}

// nanoseconds is the time since 1970; of no time, the end of all.
func nanoseconds(t *time.Time) int64 {
	if t == nil || t.Unix() >= math.MaxInt64/int64(time.Second) {
		return math.MaxInt64
	}
	return t.UnixNano()
}
