package password_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/password"
)

func prepare(t *testing.T, raw string) password.Prepared {
	t.Helper()
	p, err := password.Prepare(raw)
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return p
}

func cheap() password.Params { return password.Params{MemoryKiB: 64, Passes: 1, Threads: 1} }

func hasher(t *testing.T, params password.Params) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher(params, password.NewQueue(password.QueueConfig{Workers: 2, Waiting: 2, Wait: time.Second}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hash(t *testing.T, h *password.Hasher, raw string) string {
	t.Helper()
	stored, err := h.Hash(t.Context(), h.Place(password.Claim{}), prepare(t, raw))
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestStoredHashIsAPHCStringWithItsOwnSalt(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap())
	one, two := hash(t, h, "123456"), hash(t, h, "123456")
	if !strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$") || one == two || strings.Contains(one, "123456") {
		t.Errorf("got %s and %s", one, two)
	}
}

func TestHashOfOtherCostsIsOutdated(t *testing.T) {
	t.Parallel()
	old, today := hasher(t, cheap()), hasher(t, password.Params{MemoryKiB: 128, Passes: 2, Threads: 1})
	stored := hash(t, old, "123456")
	for _, look := range []struct {
		h            *password.Hasher
		raw          string
		ok, outdated bool
	}{
		{old, "123456", true, false}, {today, "123456", true, true}, {today, "1234567", false, false},
	} {
		ok, outdated, err := look.h.Verify(t.Context(), look.h.Place(password.Claim{}), prepare(t, look.raw), stored)
		if err != nil || ok != look.ok || outdated != look.outdated {
			t.Errorf("%s: got %v, %v, %v", look.raw, ok, outdated, err)
		}
	}
}

func TestDamagedHashNeverMatches(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap())
	good := hash(t, h, "123456")
	for _, stored := range []string{
		"", "123456", "$argon2id$", good[:len(good)-1], good + "A", strings.Replace(good, "m=64", "m=0", 1),
		strings.Replace(good, "m=64", "m=4294967295", 1), strings.Replace(good, "t=1", "t=0", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "argon2id", "argon2i", 1), "$2a$04$short",
		"imported", "pbkdf2_sha256$1$salt$", "pbkdf2:sha256:2000001$salt$" + strings.Repeat("00", 32), "scrypt:3:8:1$salt$" + strings.Repeat("00", 64),
	} {
		if ok, _, err := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, "123456"), stored); ok || err != nil {
			t.Errorf("%q: got %v, %v", stored, ok, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	tutorial, err := password.NewPolicy(1, false)
	if err != nil {
		t.Fatal(err)
	}
	strict, err := password.NewPolicy(10, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, look := range []struct {
		policy *password.Policy
		raw    string
		ok     bool
	}{
		{tutorial, "123456", true},
		{tutorial, "x", true},
		{strict, "123456", false},
		{strict, "éééééééééé", true},
		{strict, "ééééééééé", false},
		{strict, "1234567890", false},
		{strict, "QWERTYUIOP", false},
		{strict, "ada-lovelace", false},
		{strict, "correct horse battery staple", true},
	} {
		err := look.policy.Check(prepare(t, look.raw), "ada-lovelace")
		if _, refused := errors.AsType[*password.RefusedError](err); refused == look.ok {
			t.Errorf("%s: got %v", look.raw, err)
		}
	}
}

func TestPasswordIsNotPrinted(t *testing.T) {
	t.Parallel()
	p := prepare(t, "123456")
	if got := p.String() + p.GoString(); strings.Contains(got, "123456") {
		t.Errorf("got %s", got)
	}
}
