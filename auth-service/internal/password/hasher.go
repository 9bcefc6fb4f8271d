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
		made.key = made.derive(p.text, keyBytes)
		stored = made.String()
	})
	if queued != nil {
		return "", queued
	}
	return stored, err
}

// Verify reports whether p is the password of the stored hash, and whether that hash is outdated: its form or its costs
// are not today's, or another system made it. An empty stored hash stands for a user who does not exist: it costs the same as
// a real one and never matches. The error is ErrBusy or ctx's.
func (h *Hasher) Verify(ctx context.Context, place *Place, p Prepared, stored string) (ok, outdated bool, err error) {
	if known, broken := parsePHC(stored); broken == nil && !known.i {
		err = place.do(ctx, known.cost(h.params), func() { ok = known.matches(p.text) })
		return ok, ok && !known.isOf(h.params), err
	}
	known, broken := parseForeign(stored)
	if broken != nil {
		return false, false, place.do(ctx, h.params.cost(h.params), func() { h.dummy.matches(p.text) })
	}
	for _, text := range p.foreign() {
		err = place.do(ctx, known.cost(h.params), func() { ok = known.matches(text) })
		if ok || err != nil {
			break
		}
	}
	return ok, ok, err
}
