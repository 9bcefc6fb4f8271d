package password_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"tallygate/auth-service/internal/password"
)

func TestImportedArgon2idIsBoundedInCostAndReadWhole(t *testing.T) {
	t.Parallel()
	salt, key := "AAAAAAAAAAAAAAAAAAAAAA", strings.Repeat("A", 43)
	for costs, want := range map[string]bool{
		"m=65536,t=4,p=1": true, "m=102400,t=2,p=8": true, "m=7168,t=5,p=1": true, "m=131072,t=2,p=1": true,
		"m=131073,t=1,p=1": false, "m=65536,t=5,p=1": false, "m=1048576,t=2,p=1": false, "m=64,t=65,p=1": false,
		"m=65536,t=3,p=4,junk": false, "m=65536,t=3,p=4 ": false, "m=065536,t=3,p=4": false, "m=+65536,t=3,p=4": false,
		"m=65536,t=3": false, "m=65536,t=3,p=256": false, " m=65536,t=3,p=4": false,
	} {
		err := password.CheckImported("$argon2id$v=19$" + costs + "$" + salt + "$" + key)
		if (err == nil) != want {
			t.Errorf("%q: got %v", costs, err)
		}
	}
}

func TestImportedKeysOfOtherLengthsAreVerifiedAndOutdated(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap())
	for length, want := range map[uint32]bool{15: false, 16: true, 24: true, 64: true, 65: false} {
		salt := []byte("16 bytes of salt")
		enc := base64.RawStdEncoding
		stored := "$argon2id$v=19$m=64,t=1,p=1$" + enc.EncodeToString(salt) + "$" +
			enc.EncodeToString(argon2.IDKey([]byte("123456"), salt, 1, 64, 1, length))
		if err := password.CheckImported(stored); (err == nil) != want {
			t.Errorf("a key of %d bytes: got %v", length, err)
		}
		ok, outdated, err := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, "123456"), stored)
		if err != nil || ok != want || outdated != want {
			t.Errorf("a key of %d bytes: got %v, %v, %v", length, ok, outdated, err)
		}
		if ok, _, _ := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, "wrong"), stored); ok {
			t.Errorf("a key of %d bytes matches a wrong password", length)
		}
	}
}
