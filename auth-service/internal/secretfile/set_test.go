package secretfile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/auth-service/internal/secretfile"
)

const goodSecret = "6f1d0c7a9b3e58d24c6f1d0c7a9b3e58"

func TestSecretsAreMadeOnceAndForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "secrets")
	if err := secretfile.Init(dir, "HS256"); err != nil {
		t.Fatal(err)
	}
	before := readAll(t, dir)
	if err := secretfile.Init(dir, "HS256"); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, dir); len(got) != 6 || got["jwt_other_secrets"] != "" || got["jwt_secret"] != before["jwt_secret"] || got["jwt_secret"] == got["internal_secret"] {
		t.Errorf("got %d files, want 6 that differ and stay", len(got))
	}
	for name := range before {
		if mode := modeOf(t, filepath.Join(dir, name)); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, mode)
		}
	}
	if mode := modeOf(t, dir); mode != 0o700 {
		t.Errorf("the folder has mode %o, want 700", mode)
	}
}

func TestSharedSecretsLieApartAndStay(t *testing.T) {
	t.Parallel()
	dir := volumes(t)
	if err := share(t.TempDir(), "", dir); err != nil {
		t.Fatal(err)
	}
	jwt, internal := readAll(t, filepath.Join(dir, "jwt")), readAll(t, filepath.Join(dir, "internal"))
	if len(jwt) != 3 || len(internal) != 1 || len(readAll(t, filepath.Join(dir, "database"))) != 1 || jwt["jwt_other_secrets"] != "" {
		t.Errorf("got %v and %v", jwt, internal)
	}
	if mode := modeOf(t, filepath.Join(dir, "jwt", "jwt_secret")); mode != 0o444 {
		t.Errorf("got mode %o, want 444: another user reads it", mode)
	}
	if err := share(t.TempDir(), "", dir); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, filepath.Join(dir, "jwt")); got["jwt_secret"] != jwt["jwt_secret"] {
		t.Error("the secret has changed")
	}
}

func TestTheOperatorsSecretsAreTakenOver(t *testing.T) {
	t.Parallel()
	dir, own := volumes(t), t.TempDir()
	if err := share(t.TempDir(), "", dir); err != nil { // they replace what was made
		t.Fatal(err)
	}
	write(t, own, map[string]string{
		"jwt_secret": goodSecret + "\n", "jwt_other_secrets": goodSecret + "other", "internal_secret": goodSecret + "2", "database_password": "p w",
	})
	if err := share(own, "./own", dir); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, filepath.Join(dir, "jwt"))
	if got["jwt_secret"] != goodSecret+"\n" || got["jwt_other_secrets"] != goodSecret+"other" {
		t.Errorf("got %v, want the operator's", got)
	}
	if got := readAll(t, filepath.Join(dir, "database"))["database_password"]; got != "p w" {
		t.Errorf("got %q, want the operator's", got)
	}
}

func TestEveryMistakeInTheOperatorsSecretsIsNamed(t *testing.T) {
	t.Parallel()
	dir, own := volumes(t), t.TempDir()
	write(t, own, map[string]string{"jwt_secret": "hunter2", "database_password": "\n"})
	err := share(own, "./own", dir)
	if err == nil {
		t.Fatal("got no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{"jwt_secret is 7 bytes long", "has no file internal_secret", "database_password is empty"} {
		if len(lines) != 3 || !strings.Contains(lines[i], want) || !strings.Contains(lines[i], "SECRETS_DIR=./own") {
			t.Errorf("got %q, want %q in line %d of 3", lines, want, i+1)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the error shows the secret")
	}
	if got := readAll(t, filepath.Join(dir, "jwt")); got["jwt_secret"] != "" {
		t.Error("a refused secret was taken over")
	}
}

func TestOneSecretForTwoPurposesIsNotMadeNorTakenOver(t *testing.T) {
	t.Parallel()
	for file, content := range map[string]map[string]string{
		"jwt_secret":        {"jwt_secret": goodSecret, "internal_secret": goodSecret + "2," + goodSecret, "database_password": "p"},
		"jwt_other_secrets": {"jwt_secret": goodSecret, "jwt_other_secrets": goodSecret + "2", "internal_secret": goodSecret + "2", "database_password": "p"},
	} {
		dir, own := volumes(t), t.TempDir()
		write(t, own, content)
		for does, err := range map[string]error{"Init": secretfile.Init(own, "HS256"), "Share": share(own, "./own", dir)} {
			if err == nil || !strings.Contains(err.Error(), file+" and internal_secret have a secret in common") || strings.Contains(err.Error(), goodSecret) {
				t.Errorf("%s: got %v, want an error that names %s and shows no secret", does, err, file)
			}
		}
		for _, folder := range []string{"jwt", "internal", "database"} {
			if got := readAll(t, filepath.Join(dir, folder)); len(got) > 0 {
				t.Errorf("%s: got %d files, want nothing taken over", folder, len(got))
			}
		}
	}
}

func TestASharedSecretThatWasMadeBeforeCountsToo(t *testing.T) {
	t.Parallel()
	dir, own := volumes(t), t.TempDir()
	write(t, filepath.Join(dir, "jwt"), map[string]string{"jwt_other_secrets": goodSecret + "2"})
	write(t, own, map[string]string{"jwt_secret": goodSecret, "internal_secret": goodSecret + "2", "database_password": "p"})
	if err := share(own, "./own", dir); err == nil || !strings.Contains(err.Error(), "jwt_other_secrets and internal_secret") {
		t.Errorf("got %v", err)
	}
}

func share(from, called, dir string) error {
	_, err := secretfile.Share(from, called, dir, "HS256")
	return err
}

// volumes is a folder with the folders that containers share.
func volumes(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"jwt", "internal", "signing", "database"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func readAll(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		contents[entry.Name()] = string(text)
	}
	return contents
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
