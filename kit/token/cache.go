package token

import (
	"sync"
	"time"
)

// Cache remembers tokens that a Verifier has accepted, so that the second request with one costs a map lookup. It holds
// at most 2 × size entries and drops those that were not used lately. A remembered token is refused from its exp on. It
// is verified again when the keyring has changed. Refusals are not remembered. Safe for concurrent use.
//
// It is for services behind the gateway: there the lock costs little beside the rest of a request. The gateway has a
// table of its own, because it sees every request, and because its entries lead from a token to the user's state.
type Cache struct {
	verifier *Verifier
	size     int

	mu sync.RWMutex
	// Two maps: a used entry moves to young. When young is full it becomes old, and the old map is dropped.
	young, old map[string]*remembered
}

type remembered struct {
	claims Claims
	keys   *keys // the set under which it was verified
}

// NewCache returns an empty cache of v's results, for about size tokens.
func NewCache(v *Verifier, size int) *Cache {
	return &Cache{verifier: v, size: max(size, 1), young: map[string]*remembered{}}
}

// Verify is Verifier.Verify, remembered. The claims are shared: do not change them.
func (c *Cache) Verify(raw string) (*Claims, error) {
	keys := c.verifier.cfg.Keys.current.Load()
	c.mu.RLock()
	entry, young := c.young[raw]
	if !young {
		entry = c.old[raw]
	}
	c.mu.RUnlock()
	if entry != nil && entry.keys == keys {
		if entry.expired(c.verifier.cfg.Now()) {
			return nil, ErrExpired
		}
		if !young {
			c.keep(raw, entry)
		}
		return &entry.claims, nil
	}
	claims, err := c.verifier.Verify(raw)
	if err != nil {
		return nil, err
	}
	entry = &remembered{claims: claims, keys: keys}
	c.keep(raw, entry)
	return &entry.claims, nil
}

func (c *Cache) keep(raw string, entry *remembered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= c.size {
		c.old, c.young = c.young, make(map[string]*remembered, c.size)
	}
	c.young[raw] = entry
}

// Len is the number of remembered tokens, for metrics.
func (c *Cache) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}

// expired reports whether the token's exp is reached.
func (r *remembered) expired(now time.Time) bool { return !now.Before(r.claims.ExpiresAt) }
