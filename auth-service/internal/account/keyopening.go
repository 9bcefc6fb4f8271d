package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tallygate/kit/apikey"
)

// OpenedKey is what a gateway has to know of an API key that it sees for the first time.
type OpenedKey struct {
	Record Record // of its user; the key is among its Keys
	KeyID  int64
	// Usable: a token may be issued. If not, the key has expired or the user is disabled, which may change.
	Usable bool
	Until  time.Time // no token may live longer; zero: no bound
	Link   TokenLink // for the token
	At     time.Time
}

// OpenKey finds the API key with this hash. Errors: ErrNoKey, fault.ErrBusy, fault.ErrUnavailable.
func (s *Service) OpenKey(ctx context.Context, hash apikey.Digest) (OpenedKey, error) {
	owner, err := s.cfg.Store.KeyOwner(ctx, hash)
	if err != nil {
		return OpenedKey{}, fmt.Errorf("open API key: %w", err)
	}
	// The key is taken from the record, and not from the first read: both are then of one time.
	record, err := s.Record(ctx, owner)
	if err != nil {
		return OpenedKey{}, err
	}
	now := s.now()
	for i := range record.Keys {
		key := &record.Keys[i]
		for _, secret := range key.Secrets(now) {
			if secret.Hash == hash {
				return OpenedKey{
					Record: record, KeyID: key.ID, Usable: !record.Disabled && !key.expired(now), Until: key.until(secret),
					Link: secret.link(), At: now,
				}, nil
			}
		}
	}
	return OpenedKey{}, ErrNoKey
}

// authenticateKey confirms what an access token that stands for an API key says.
func (s *Service) authenticateKey(ctx context.Context, token Presented) (Caller, error) {
	user, key, err := s.cfg.Store.UserWithKey(ctx, token.UserID, token.KeyID)
	switch {
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrNoKey):
		return Caller{}, ErrRefused
	case err != nil:
		return Caller{}, err
	}
	now := s.now()
	if user.Disabled || user.Generation != token.Generation || !key.issued(LinkOf(token.TokenID), now) {
		return Caller{}, ErrRefused
	}
	return Caller{User: user, KeyID: key.ID, KeyQuota: key.MonthlyQuota, At: now}, nil
}
