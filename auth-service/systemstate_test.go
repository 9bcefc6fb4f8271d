package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"tallygate/kit/env"
)

func TestTheAgeAndNumberOfSecretsAreToldAndNoSecret(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	path := filepath.Join(t.TempDir(), "jwt_secret")
	if err := os.WriteFile(path, []byte(vars["JWT_SECRET"]), 0o600); err != nil {
		t.Fatal(err)
	}
	written := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, written, written); err != nil {
		t.Fatal(err)
	}
	delete(vars, "JWT_SECRET")
	vars["JWT_SECRET_FILE"] = path
	vars["JWT_OTHER_SECRETS"] = "another-secret-0123456789abcdef-0123456789abcdef"
	r := env.NewReader(lookup(vars))
	cfg := readConfig(r)
	k := newKeys(cfg, r)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	got := k.state(cfg)()
	if at := got.Signing.ChangedAt; at == nil || !at.Equal(written) || got.Signing.Others != 1 {
		t.Errorf("signing: got %v and %d others, want %s and 1", at, got.Signing.Others, written)
	}
	if got.Internal.ChangedAt != nil || got.Internal.Others != 0 {
		t.Errorf("internal: got %+v, want no time and no other", got.Internal)
	}
}
