package check_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/apikey"
)

// client is the address that calls.
const client = "192.0.2.1"

// Key is auth-service's answer about a key: whose it is, and a token that stands for it.
func (s *service) Key(_ context.Context, digest apikey.Digest) (authclient.KeyAnswer, error) {
	s.mu.Lock()
	s.keysAsked++
	answer, found := s.answer(digest)
	unavailable, hold := s.unavailable, s.holding
	s.mu.Unlock()
	switch {
	case unavailable:
		return authclient.KeyAnswer{}, authclient.ErrUnavailable
	case hold != nil:
		hold(answer.User.UserID)
	}
	if !found {
		return authclient.KeyAnswer{}, authclient.ErrNoKey
	}
	return answer, nil
}

func (s *service) answer(digest apikey.Digest) (authclient.KeyAnswer, bool) {
	now := time.Now()
	for id := range s.users {
		r := s.record(id)
		for _, k := range r.Keys {
			for _, one := range k.Hashes {
				ends := now.Add(time.Hour)
				for _, end := range []*time.Time{k.ExpiresAt, one.Until} {
					if end != nil && end.Before(ends) {
						ends = *end
					}
				}
				if one.Hash == digest.String() && ends.After(now) {
					return authclient.KeyAnswer{User: r, KeyID: k.ID, Token: keyToken(r, k.ID, digest, now, ends)}, true
				}
			}
		}
	}
	return authclient.KeyAnswer{}, false
}

// keyToken is a token that stands for a key.
func keyToken(r authclient.Record, keyID int64, digest apikey.Digest, now, ends time.Time) string {
	link := digest.Link()
	id := append(binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano())), link[:]...)
	key := strconv.FormatInt(keyID, 10)
	p := params(r.UserID, now)
	p.Generation = r.Generation
	return p.TokenWith(map[string]any{
		"key": key, "sid": "key-" + key, "exp": ends.Unix(), "iat": now.Unix(), "jti": base64.RawURLEncoding.EncodeToString(id),
	})
}

func (s *service) askedAboutKeys() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keysAsked
}

// newKey is the secret of a key that nobody has.
func newKey(t testing.TB) string {
	t.Helper()
	raw, err := apikey.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// give makes a key for the user.
func (s *service) give(t testing.TB, userID, keyID int64) string {
	t.Helper()
	raw := newKey(t)
	s.changeKeys(userID, func(keys []authclient.Key) []authclient.Key {
		return append(keys, authclient.Key{ID: keyID, Hashes: []authclient.KeyHash{{Hash: apikey.Hash(raw).String()}}})
	})
	return raw
}

// changeKeys changes the keys of a user, and the feed has it at once.
func (s *service) changeKeys(userID int64, change func([]authclient.Key) []authclient.Key) {
	s.change(userID, func(r *authclient.Record) {
		r.Keys = slices.Clone(r.Keys)
		for i := range r.Keys {
			r.Keys[i].Hashes = slices.Clone(r.Keys[i].Hashes)
		}
		r.Keys = change(r.Keys)
	})
}

// by is the status of a call with a key.
func (f *fixture) by(t *testing.T, raw string) int {
	t.Helper()
	who, _, err := f.Key(t.Context(), raw, client)
	if err == nil && who.Key == nil {
		t.Error("the identity has no key")
	}
	return status(err)
}

// expectBy checks the status of a call with a key.
func (f *fixture) expectBy(t *testing.T, when, raw string, want int) {
	t.Helper()
	if got := f.by(t, raw); got != want {
		t.Errorf("%s: got %d, want %d", when, got, want)
	}
}

// bearer is the token for upstreams of a call with a key, which has to pass.
func (f *fixture) bearer(t *testing.T, raw string) string {
	t.Helper()
	_, bearer, err := f.Key(t.Context(), raw, client)
	if err != nil {
		t.Fatal(err)
	}
	return bearer
}
