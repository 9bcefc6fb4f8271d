package secretfile_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/secretfile"
)

// rotate runs a rotation that does not wait for services to read. It returns the command's exit code and output.
func rotate(t *testing.T, secret, dir string, force ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	life := map[string]time.Duration{secretfile.JWT: 2 * time.Hour, secretfile.Internal: 10 * time.Second}
	err := secretfile.Rotation{
		Dir: dir, Secret: secret, Life: life[secret], Settle: time.Millisecond, Force: len(force) > 0, Out: &out,
	}.Run(t.Context())
	if err != nil {
		return 1, out.String() + err.Error()
	}
	return 0, out.String()
}

// age makes all files older than they are.
func age(t *testing.T, dir string, by time.Duration) {
	t.Helper()
	at := time.Now().Add(-by) // one time: which file is newer decides which of them signs
	for name := range readAll(t, dir) {
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func madeSecrets(t *testing.T) (dir string, content map[string]string) {
	t.Helper()
	dir = t.TempDir()
	if err := secretfile.Init(dir, "HS256"); err != nil {
		t.Fatal(err)
	}
	return dir, readAll(t, dir)
}

func line(s string) string { return strings.TrimSuffix(s, "\n") }

func TestTheOldJWTSecretIsAcceptedUntilItsTokensHaveExpired(t *testing.T) {
	t.Parallel()
	dir, before := madeSecrets(t)
	if code, output := rotate(t, "jwt", dir); code != 0 || !strings.Contains(output, "step 2 of 3") || !strings.Contains(output, "is due after") {
		t.Fatalf("got %d %s", code, output)
	}
	signing := readAll(t, dir)
	if signing["jwt_secret"] == before["jwt_secret"] {
		t.Error("the old secret still signs")
	}
	if got, want := signing["jwt_other_secrets"], line(signing["jwt_secret"])+","+before["jwt_secret"]; got != want {
		t.Errorf("accepted: got %q, want the new one and the old one", got)
	}
	if mode := modeOf(t, filepath.Join(dir, "jwt_secret")); mode != 0o600 {
		t.Errorf("got mode %o, want that of before, 600", mode)
	}

	age(t, dir, 110*time.Minute)
	if code, output := rotate(t, "jwt", dir); code != 1 || !strings.Contains(output, "-force") || !maps.Equal(readAll(t, dir), signing) {
		t.Errorf("10 minutes too early: got %d %s, want a refusal and nothing changed", code, output)
	}
	age(t, dir, 121*time.Minute)
	if code, output := rotate(t, "jwt", dir); code != 0 || !strings.Contains(output, "the old secret is refused") {
		t.Errorf("got %d %s", code, output)
	}
	after := readAll(t, dir)
	if after["jwt_secret"] != signing["jwt_secret"] || line(after["jwt_other_secrets"]) != "" || len(after) != len(before) {
		t.Errorf("got %v, want the new secret alone", slices.Sorted(maps.Keys(after)))
	}
	if after["internal_secret"] != before["internal_secret"] {
		t.Error("another secret has changed")
	}
}

func TestForceWithdrawsTheOldJWTSecretAtOnce(t *testing.T) {
	t.Parallel()
	dir, before := madeSecrets(t)
	code, output := rotate(t, "jwt", dir, "-force")
	after := readAll(t, dir)
	if code != 0 || after["jwt_secret"] == before["jwt_secret"] || line(after["jwt_other_secrets"]) != "" || len(after) != len(before) {
		t.Errorf("got %d %s, want the new secret alone", code, output)
	}
	for _, secret := range []string{before["jwt_secret"], after["jwt_secret"]} {
		if strings.Contains(output, line(secret)) {
			t.Error("the command shows a secret")
		}
	}
}

func TestAnInterruptedRotationGoesOn(t *testing.T) {
	t.Parallel()
	const old, next = goodSecret + "old", goodSecret + "next"
	for _, kind := range []struct {
		name   string
		states []map[string]string
		after  map[string]string
	}{
		{"jwt", []map[string]string{
			{"jwt_secret": old, "jwt_other_secrets": "", "jwt_secret.next": next},
			{"jwt_secret": old, "jwt_other_secrets": next + "," + old, "jwt_secret.next": next},
			{"jwt_secret": next, "jwt_other_secrets": next + "," + old, "jwt_secret.next": next},
			{"jwt_secret": next, "jwt_other_secrets": "", "jwt_secret.next": next},
		}, map[string]string{"jwt_secret": next, "jwt_other_secrets": ""}},
		{"internal", []map[string]string{
			{"internal_secret": old, "internal_secret.next": next},
			{"internal_secret": old + "," + next, "internal_secret.next": next},
			{"internal_secret": next + "," + old, "internal_secret.next": next},
			{"internal_secret": next, "internal_secret.next": next},
		}, map[string]string{"internal_secret": next}},
	} {
		for i, state := range kind.states {
			dir := t.TempDir()
			write(t, dir, state)
			code, output := rotate(t, kind.name, dir, "-force")
			got := readAll(t, dir)
			for name := range got {
				got[name] = line(got[name])
			}
			if code != 0 || !maps.Equal(got, kind.after) {
				t.Errorf("%s, from state %d: got %d %v %s", kind.name, i, code, got, output)
			}
		}
	}
}

func TestASecretPutThereByHandStopsTheRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := map[string]string{"jwt_secret": goodSecret, "jwt_other_secrets": goodSecret + "2"}
	write(t, dir, state)
	if code, output := rotate(t, "jwt", dir, "-force"); code != 1 || !strings.Contains(output, "jwt_other_secrets") || !maps.Equal(readAll(t, dir), state) {
		t.Errorf("got %d %s, want a refusal and nothing changed", code, output)
	}
}

func TestTheNextSecretIsNoOtherOne(t *testing.T) {
	t.Parallel()
	for kind, state := range map[string]map[string]string{
		"jwt":      {"jwt_secret": goodSecret, "internal_secret": goodSecret + "2", "jwt_secret.next": goodSecret + "2"},
		"internal": {"jwt_secret": goodSecret, "jwt_other_secrets": goodSecret + "3", "internal_secret": goodSecret + "2", "internal_secret.next": goodSecret + "3"},
	} {
		together, apart := t.TempDir(), volumes(t)
		write(t, together, state)
		for name, secret := range state {
			folder, _, _ := strings.Cut(name, "_")
			write(t, filepath.Join(apart, folder), map[string]string{name: secret})
		}
		for _, dir := range []string{together, filepath.Join(apart, kind)} {
			before := readAll(t, dir)
			if code, output := rotate(t, kind, dir, "-force"); code != 1 || !strings.Contains(output, kind+"_secret.next has the same secret as ") ||
				strings.Contains(output, goodSecret) || !maps.Equal(readAll(t, dir), before) {
				t.Errorf("%s in %s: got %d %s, want a refusal and nothing changed", kind, dir, code, output)
			}
		}
	}
}

func TestOnlyKnownSecretsRotate(t *testing.T) {
	t.Parallel()
	dir, before := madeSecrets(t)
	for _, args := range [][2]string{{"database", dir}, {"jwt", filepath.Join(dir, "elsewhere")}} {
		if code, output := rotate(t, args[0], args[1]); code != 1 || output == "" {
			t.Errorf("%v: got %d %s", args, code, output)
		}
	}
	if !maps.Equal(readAll(t, dir), before) {
		t.Error("something has changed")
	}
}
