package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tallygate/kit/apikey"
)

// Keys returns the API keys of a user, the oldest first. Expired ones are among them.
func (s *Service) Keys(ctx context.Context, userID int64) ([]APIKey, error) {
	return s.cfg.Store.Keys(ctx, userID)
}

// KeysOf is Keys for an administrator. Errors: ErrNoUser, fault.ErrUnavailable.
func (s *Service) KeysOf(ctx context.Context, userID int64) ([]APIKey, error) {
	record, err := s.Record(ctx, userID)
	if err == nil && !record.Exists {
		err = ErrNoUser
	}
	return record.Keys, err
}

// FindKey returns one of a user's API keys. Errors: ErrNoKey, fault.ErrUnavailable.
func (s *Service) FindKey(ctx context.Context, userID, keyID int64) (APIKey, error) {
	_, key, err := s.cfg.Store.UserWithKey(ctx, userID, keyID)
	if errors.Is(err, ErrNoUser) {
		err = ErrNoKey
	}
	return key, err
}

// CreateKey makes a key of the caller, and returns its secret. Nobody can read it again. Errors: *fault.InvalidError,
// *KeysFullError, ErrRefused, fault.ErrCrowded, fault.ErrUnavailable.
func (s *Service) CreateKey(ctx context.Context, who Caller, e KeyEdit) (APIKey, string, error) {
	return s.createKey(ctx, s.own(who), e)
}

// CreateKeyOf is CreateKey for somebody else, and writes it into the audit log, both or neither. Errors: those of CreateKey,
// and ErrNoUser.
func (s *Service) CreateKeyOf(ctx context.Context, by Actor, userID int64, e KeyEdit) (APIKey, string, error) {
	return s.createKey(ctx, keyOwner{userID: userID, by: &by}, e)
}

func (s *Service) createKey(ctx context.Context, of keyOwner, e KeyEdit) (key APIKey, text string, err error) {
	now := s.now()
	if err := e.check(now); err != nil {
		return APIKey{}, "", err
	}
	id, err := s.randomID()
	if err != nil {
		return APIKey{}, "", err
	}
	if text, err = apikey.New(s.cfg.Random); err != nil {
		return APIKey{}, "", err
	}
	key = e.apply(APIKey{ID: id, UserID: of.userID, Hash: apikey.Hash(text), CreatedAt: now})
	err = s.changeKeys(ctx, of, KeysChange{At: now, Update: func(_ User, keys []APIKey) (KeyChange, error) {
		if len(keys) >= s.cfg.KeysPerUser {
			return KeyChange{}, &KeysFullError{Most: s.cfg.KeysPerUser}
		}
		return KeyChange{Added: &key}, nil
	}})
	if err != nil {
		return APIKey{}, "", err
	}
	return key, text, nil
}

// EditKey changes one of the caller's keys. Errors: *fault.InvalidError, ErrNoKey, ErrRefused, fault.ErrCrowded,
// fault.ErrUnavailable.
func (s *Service) EditKey(ctx context.Context, who Caller, keyID int64, e KeyEdit) (APIKey, error) {
	if err := e.check(s.now()); err != nil {
		return APIKey{}, err
	}
	return s.replaceKey(ctx, s.own(who), keyID, e.apply)
}

// RotateKey gives one of the caller's keys a new secret, and returns it. The one before works for the overlap; one that was
// replaced earlier ends at once. Errors: ErrNoKey, ErrRefused, fault.ErrCrowded, fault.ErrUnavailable.
func (s *Service) RotateKey(ctx context.Context, who Caller, keyID int64, overlap time.Duration) (APIKey, string, error) {
	return s.rotateKey(ctx, s.own(who), keyID, overlap)
}

// RotateKeyOf is RotateKey for somebody else, and writes it into the audit log, both or neither. Errors: those of RotateKey, and
// ErrNoUser.
func (s *Service) RotateKeyOf(ctx context.Context, by Actor, userID, keyID int64, overlap time.Duration) (APIKey, string, error) {
	return s.rotateKey(ctx, keyOwner{userID: userID, by: &by}, keyID, overlap)
}

func (s *Service) rotateKey(ctx context.Context, of keyOwner, keyID int64, overlap time.Duration) (APIKey, string, error) {
	text, err := apikey.New(s.cfg.Random)
	if err != nil {
		return APIKey{}, "", err
	}
	key, err := s.replaceKey(ctx, of, keyID, func(k APIKey) APIKey {
		old := k.Hash
		k.Hash, k.Previous, k.PreviousUntil = apikey.Hash(text), apikey.Digest{}, time.Time{}
		if overlap > 0 {
			k.Previous, k.PreviousUntil = old, s.now().Add(overlap)
		}
		return k
	})
	if err != nil {
		return APIKey{}, "", err
	}
	return key, text, nil
}

// replaceKey changes a key as change decides.
func (s *Service) replaceKey(ctx context.Context, of keyOwner, keyID int64, change func(APIKey) APIKey) (key APIKey, err error) {
	err = s.changeKeys(ctx, of, KeysChange{At: s.now(), Update: func(_ User, keys []APIKey) (KeyChange, error) {
		i := slices.IndexFunc(keys, func(k APIKey) bool { return k.ID == keyID })
		if i < 0 {
			return KeyChange{}, ErrNoKey
		}
		if key = change(keys[i]); key.equal(&keys[i]) {
			return KeyChange{}, nil
		}
		return KeyChange{Replaced: &key}, nil
	}})
	return key, err
}

// RevokeKey ends one of the caller's keys. Errors: ErrNoKey, ErrRefused, fault.ErrCrowded, fault.ErrUnavailable.
func (s *Service) RevokeKey(ctx context.Context, who Caller, keyID int64) error {
	return s.revokeKey(ctx, s.own(who), keyID)
}

// RevokeKeyOf is RevokeKey for somebody else, and writes it into the audit log, both or neither. Errors: those of RevokeKey,
// and ErrNoUser.
func (s *Service) RevokeKeyOf(ctx context.Context, by Actor, userID, keyID int64) error {
	return s.revokeKey(ctx, keyOwner{userID: userID, by: &by}, keyID)
}

func (s *Service) revokeKey(ctx context.Context, of keyOwner, keyID int64) error {
	return s.changeKeys(ctx, of, KeysChange{At: s.now(), Ends: true, Update: func(_ User, keys []APIKey) (KeyChange, error) {
		if !slices.ContainsFunc(keys, func(k APIKey) bool { return k.ID == keyID }) {
			return KeyChange{}, ErrNoKey
		}
		return KeyChange{Revoked: keyID}, nil
	}})
}

// keyOwner is whose keys are changed.
type keyOwner struct {
	userID int64
	// generation is that of the caller's token; 0 if somebody else changes the keys.
	generation int64
	by         *Actor // somebody else; nil: the caller
}

func (*Service) own(who Caller) keyOwner {
	return keyOwner{userID: who.User.ID, generation: who.User.Generation}
}

// changeKeys changes the keys of a user. A caller's own change fails if their token has been ended meanwhile. That of somebody
// else goes into the audit log.
func (s *Service) changeKeys(ctx context.Context, of keyOwner, c KeysChange) error {
	update := c.Update
	c.UserID = of.userID
	c.Update = func(u User, keys []APIKey) (KeyChange, error) {
		if of.by == nil && u.Generation != of.generation {
			return KeyChange{}, ErrRefused
		}
		change, err := update(u, keys)
		if err == nil && of.by != nil {
			change.Audit = change.entry(u, *of.by, c.At)
		}
		return change, err
	}
	err := s.cfg.Store.UpdateKeys(ctx, c)
	if errors.Is(err, ErrNoUser) && of.by == nil {
		return ErrRefused
	}
	if err != nil {
		return fmt.Errorf("change API keys: %w", err)
	}
	return nil
}

// entry is the change's entry of the audit log. The name of the key is not in it: it is the user's own text, and goes with the
// account. The log stays.
func (c KeyChange) entry(u User, by Actor, at time.Time) *AuditEntry {
	action, id := "revoke-key", c.Revoked
	switch {
	case c.Added != nil:
		action, id = "create-key", c.Added.ID
	case c.Replaced != nil:
		action, id = "rotate-key", c.Replaced.ID
	}
	return &AuditEntry{
		At: at, Actor: by, Action: action, TargetID: u.ID, TargetName: u.Name, Detail: "key_id=" + strconv.FormatInt(id, 10),
	}
}
