package password

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
)

// Hasher makes and verifies stored hashes. Every hash needs a place in the queue. Safe for concurrent use.
type Hasher struct {
	params Params
	queue  *Queue
	random io.Reader
	dummy  phc
}

// NewHasher returns a Hasher that makes hashes with params. random is where salts come from; nil means crypto/rand.
func NewHasher(params Params, queue *Queue, random io.Reader) (*Hasher, error) {
	if random == nil {
		random = rand.Reader
	}
	h := &Hasher{params: params, queue: queue, random: random}
	h.dummy = phc{params: params, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	for _, b := range [...][]byte{h.dummy.salt, h.dummy.key} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("random bytes: %w", err)
		}
	}
	return h, nil
}

// Place returns a place in the queue that is not taken yet.
func (h *Hasher) Place(c Claim) *Place { return h.queue.Place(c) }

// Hash returns the PHC string to store. The error is ErrBusy or ctx's.
func (h *Hasher) Hash(ctx context.Context, place *Place, p Prepared) (stored string, err error) {
	queued := place.do(ctx, h.params.cost(h.params), func() {
		made := phc{params: h.params, salt: make([]byte, saltBytes)}
		if _, err = io.ReadFull(h.random, made.salt); err != nil {
			return
		}
		made.key = derive(p, made.salt, h.params, keyBytes)
		stored = made.String()
	})
	if queued != nil {
		return "", queued
	}
	return stored, err
}

// Verify reports whether p is the password of the stored hash, and whether that hash is outdated: its form or its costs
// are not today's. An empty stored hash stands for a user who does not exist: it costs the same as
// a real one and never matches. The error is ErrBusy or ctx's.
func (h *Hasher) Verify(ctx context.Context, place *Place, p Prepared, stored string) (ok, outdated bool, err error) {
	if isBcrypt(stored) {
		err = place.do(ctx, bcryptCost(stored, h.params), func() { ok = bcryptMatches(stored, p) })
		return ok, ok, err
	}
	known, broken := parsePHC(stored)
	if broken != nil {
		return false, false, place.do(ctx, h.params.cost(h.params), func() { h.dummy.matches(p) })
	}
	err = place.do(ctx, known.params.cost(h.params), func() { ok = known.matches(p) })
	return ok, ok && (known.params != h.params || len(known.key) != keyBytes), err
}
