package httpapi_test

import (
	"bytes"
	"database/sql"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"testing"
)

const nextSecret = "fedcba9876543210fedcba9876543210-int"

func TestARotationOfTheSecretKeepsSecondFactors(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		app, codes := s.enrol(t, s.user(t, "ada").Token)
		if err := s.factors.Replace([]string{nextSecret, internalSecret}); err != nil {
			t.Fatal(err)
		}
		if got := s.signInWith("ada", "123456", app.code(0), ""); got.status != 200 {
			t.Errorf("with both secrets: got %d %s", got.status, got.body)
		}
		for range 2 { // the second one finds nothing to do
			if lost, err := s.accounts.SealAgain(t.Context()); lost != 0 || err != nil {
				t.Fatalf("seal again: %d lost, %v", lost, err)
			}
		}
		restarted := newService(t, options{url: url, clock: s.clock, internal: nextSecret})
		if got := restarted.signInWith("ada", "123456", app.code(1), ""); got.status != 200 {
			t.Errorf("with the new secret alone: got %d %s", got.status, got.body)
		}

		// The secret was replaced without a rotation.
		lost := newService(t, options{url: url, clock: s.clock})
		if n, err := lost.accounts.SealAgain(t.Context()); n != 1 || err != nil {
			t.Errorf("seal again: %d lost, %v, want 1", n, err)
		}
		wantProblem(t, "a code", lost.signInWith("ada", "123456", app.code(1), ""), 401, "otp-key-lost")
		wantProblem(t, "a wrong recovery code", lost.signInWith("ada", "123456", "aaaa-aaaa-aaaa-aaaa", ""), 401, "otp-not-valid")
		got := lost.signInWith("ada", "123456", codes[0], "")
		if got.status != 200 {
			t.Fatalf("a recovery code: got %d %s", got.status, got.body)
		}
		begin := call{method: "POST", path: totpPath, token: read[signedIn](t, got).Token, body: fmt.Sprintf(`{"password":"123456","otp":%q}`, codes[1])}
		next := newAuthenticator(t, fetch[struct{ Secret string }](t, lost, begin, 200).Secret, s.clock)
		confirm := call{method: "PUT", path: totpPath, token: begin.token, body: fmt.Sprintf(`{"otp":%q}`, next.code(0))}
		fetch[recovery](t, lost, confirm, 200)
		if got := lost.signInWith("ada", "123456", next.code(1), ""); got.status != 200 {
			t.Errorf("after a new set-up: got %d %s", got.status, got.body)
		}
	})
}

// A secret moved to another user's row opens nothing: who may write to the database must not sign in as others with their own app.
func TestASealedSecretIsOfOneUser(t *testing.T) {
	t.Parallel()
	url := shared.SQLite(t)
	s := newService(t, options{url: url})
	s.enrol(t, s.user(t, "ada").Token)
	mallory, _ := s.enrol(t, s.user(t, "mallory").Token)
	db := must(sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:")))(t)
	defer db.Close() //nolint:errcheck // the statement has reported its error
	const move = "update second_factors set sealed = (select sealed from second_factors where user_id = 2) where user_id = 1"
	if _, err := db.ExecContext(t.Context(), move); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, "another user's code", s.signInWith("ada", "123456", mallory.code(0), ""), 401, "otp-key-lost")
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestSecretsOfSecondFactorsStandNowhere(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	url := shared.SQLite(t)
	s := newService(t, options{url: url, log: &log})
	root := s.root(t)
	app, codes := s.enrol(t, root.Token)
	shown := []string{base32.StdEncoding.EncodeToString(app.secret), string(app.secret), app.wrong(), app.code(0), codes[0], codes[1], strings.ReplaceAll(codes[1], "-", "")}
	s.signInWith("root", "123456", app.wrong(), "")
	s.signInWith("root", "123456", app.code(0), "")
	s.signInWith("root", "123456", codes[0], "")
	var rows string
	db := must(sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:")))(t)
	defer db.Close() //nolint:errcheck // it was only read
	const all = "select coalesce(group_concat(hex(sealed) || hex(recovery)), '') || (select group_concat(action || detail) from audit_log) from second_factors"
	if err := db.QueryRowContext(t.Context(), all).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{log.String(), rows, fmt.Sprint(auditLog(t, s, root)), s.do(call{path: "/admin/users", token: root.Token}).body} {
		for _, secret := range shown {
			if strings.Contains(where, secret) || strings.Contains(strings.ToLower(where), fmt.Sprintf("%x", secret)) {
				t.Errorf("%q stands in %s", secret, where)
			}
		}
	}
	for _, event := range []string{"second factor turned on", "sign-in failed: wrong code"} {
		if !strings.Contains(log.String(), event) {
			t.Errorf("the log does not say %q", event)
		}
	}
}
