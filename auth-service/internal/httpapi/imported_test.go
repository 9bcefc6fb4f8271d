package httpapi_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// TestImportedUsersGetInAndTheirHashesAreReplaced has hashes that PHP, Django and Werkzeug have made.
func TestImportedUsersGetInAndTheirHashesAreReplaced(t *testing.T) {
	t.Parallel()
	url := shared.SQLite(t)
	s := newService(t, options{url: url})
	db := must(store.Open(store.Config{URL: url, MaxConns: 2, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)}))(t)
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	const phones = "correct horse \u2764\ufe0f"
	long := strings.Repeat("y", 80)
	for name, user := range map[string]struct{ password, hash, other string }{
		"a long one": {long + "z", string(must(bcrypt.GenerateFromPassword([]byte(long[:72]), bcrypt.MinCost))(t)), long},
		"php":        {phones, "$2y$04$KXh2s3Eexs2r7ErrBd1Zb.tTBMgKErmJHoRPtfjwhQJTN96OyFrS.", "correct horse"},
		"argon2i":    {phones, "$argon2i$v=19$m=64,t=3,p=1$cVZtYk91RTFxb0hkZUxUeQ$8ZsoctxBTwWcjfDqMBJ6oDxuoLaMOclRP8PFlvO1oG8", "correct horse"},
		"django":     {phones, "pbkdf2_sha256$1000$seasalt2026$FlXSSxPF0TF3z87pr7qauuRDUX4v/iJadoj+9ZdF/yE=", "correct horse"},
		"werkzeug":   {phones, "scrypt:1024:8:1$A0NYZPbgMmGgY8Ef$7388e8b58602780e55a022ef128241e203bf83352a87d5fb41640a4b7e7be43632a7a8ae0aad322b174799807cfad0558e9390bdcb6aa16f76b2dcab7c9eccc3", "correct horse"},
	} {
		name = strings.ReplaceAll(name, " ", "-")
		s.importUser(t, name, user.hash)
		signIn := func(password string) int {
			body := must(json.Marshal(map[string]string{"username": name, "password": password}))(t)
			return s.do(call{method: "POST", path: "/token", body: string(body)}).status
		}
		if got := signIn("wrong"); got != 401 {
			t.Errorf("%s with a wrong password: got %d", name, got)
		}
		for try, want := range []struct {
			password string
			status   int
		}{{user.password, 200}, {user.other, 401}, {strings.TrimSuffix(user.password, "\ufe0f"), 200}} {
			if got := signIn(want.password); got != want.status {
				t.Errorf("%s, sign-in %d: got %d, want %d", name, try, got, want.status)
			}
		}
		if got := must(db.UserByName(t.Context(), name))(t); !strings.HasPrefix(got.PasswordHash, "$argon2id$") {
			t.Errorf("%s: the hash is %s", name, got.PasswordHash)
		}
	}
}

func (s *service) importUser(t *testing.T, name, hash string) {
	t.Helper()
	user := must(s.accounts.PrepareImport(account.Actor{Name: "command line"}, account.Imported{Name: name, PasswordHash: hash}))(t)
	if added, err := s.accounts.ImportUsers(t.Context(), []account.NewUser{user}); err != nil || added != 1 {
		t.Fatalf("%s: %d added, %v", name, added, err)
	}
}
