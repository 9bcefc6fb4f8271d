package secretfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/issuer"
	"tallygate/auth-service/internal/secretfile"
	"tallygate/kit/token"
)

// madeKeys are the secrets of an installation that signs with a private key.
func madeKeys(t *testing.T, alg string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := secretfile.Init(dir, alg); err != nil {
		t.Fatal(err)
	}
	return dir
}

func rotateKey(t *testing.T, secret, dir string, force bool) (output string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = secretfile.Rotation{
		Dir: dir, Secret: secret, Life: 2 * time.Hour, Settle: time.Millisecond, Kept: time.Millisecond, Force: force, Out: &out,
	}.Run(t.Context())
	return out.String(), err
}

// keyIDs are the key that signs and those that are published.
func keyIDs(t *testing.T, private, public string) (signing string, published []string) {
	t.Helper()
	dir := readAll(t, filepath.Dir(private))
	key, err := issuer.ParseKey(dir[filepath.Base(private)])
	if err != nil {
		t.Fatal(err)
	}
	keys, err := token.ParsePublicKeys(readAll(t, filepath.Dir(public))[filepath.Base(public)])
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range keys {
		published = append(published, one.ID())
	}
	return key.ID(), published
}

func inOneFolder(dir string) (private, public string) {
	return filepath.Join(dir, "jwt_signing_key"), filepath.Join(dir, "jwt_public_keys")
}

func TestAKeyIsMadeAndPublishedOnce(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"EdDSA", "ES256"} {
		dir := madeKeys(t, alg)
		before := readAll(t, dir)
		signing, published := keyIDs(t, filepath.Join(dir, "jwt_signing_key"), filepath.Join(dir, "jwt_public_keys"))
		if len(published) != 1 || published[0] != signing || before["jwt_secret"] != "" || strings.Contains(before["jwt_public_keys"], `"d"`) {
			t.Errorf("%s: got %q, published %q, and a JWT secret of %d bytes", alg, signing, published, len(before["jwt_secret"]))
		}
		if mode := modeOf(t, filepath.Join(dir, "jwt_signing_key")); mode != 0o600 {
			t.Errorf("%s: got mode %o, want 600", alg, mode)
		}
		if err := secretfile.Init(dir, alg); err != nil || readAll(t, dir)["jwt_signing_key"] != before["jwt_signing_key"] {
			t.Errorf("%s: made again: %v", alg, err)
		}
	}
	dir := madeKeys(t, "EdDSA")
	if err := secretfile.Init(dir, "ES256"); err == nil || !strings.Contains(err.Error(), "is a key for EdDSA, and TOKEN_ALG is ES256") {
		t.Errorf("another algorithm: got %v", err)
	}
	if err := secretfile.Init(dir, "HS256"); err != nil || len(line(readAll(t, dir)["jwt_secret"])) != 64 {
		t.Errorf("back to HS256: got %v and a secret of %d bytes", err, len(readAll(t, dir)["jwt_secret"]))
	}
}

func TestTheNextKeyIsPublishedBeforeItSignsAndTheOldOneStaysForItsTokens(t *testing.T) {
	t.Parallel()
	dir := madeKeys(t, "EdDSA")
	private, public := inOneFolder(dir)
	old, _ := keyIDs(t, private, public)
	output, err := rotateKey(t, "signing", dir, false)
	if err != nil || !strings.Contains(output, "step 1 of 3") || !strings.Contains(output, "step 2 of 3") || !strings.Contains(output, "is due after") {
		t.Fatalf("got %s, %v", output, err)
	}
	signing, published := keyIDs(t, private, public)
	if signing == old || len(published) != 2 || published[0] != signing || published[1] != old {
		t.Errorf("got %s and %v, want the next one, and both published", signing, published)
	}
	if output, err := rotateKey(t, "signing", dir, false); err == nil || !strings.Contains(err.Error(), "has to be accepted until") {
		t.Errorf("too early: got %s, %v", output, err)
	}
	age(t, dir, 121*time.Minute)
	if output, err := rotateKey(t, "signing", dir, false); err != nil || !strings.Contains(output, "step 3 of 3") {
		t.Errorf("got %s, %v", output, err)
	}
	if after, published := keyIDs(t, private, public); after != signing || len(published) != 1 || published[0] != signing {
		t.Errorf("got %s and %v, want the next key alone", after, published)
	}
	if all := readAll(t, dir); all["jwt_signing_key.next"] != "" {
		t.Error("the next key is left")
	}
}

func TestKeysInFoldersOfTheirOwnAreReplacedToo(t *testing.T) {
	t.Parallel()
	dir := volumes(t)
	if published, err := secretfile.Share(t.TempDir(), "", dir, "ES256"); err != nil || !published {
		t.Fatalf("got %t, %v", published, err)
	}
	if published, err := secretfile.Share(t.TempDir(), "", dir, "ES256"); err != nil || published {
		t.Fatalf("the second time: got %t, %v", published, err)
	}
	private, public := filepath.Join(dir, "signing", "jwt_signing_key"), filepath.Join(dir, "jwt", "jwt_public_keys")
	old, published := keyIDs(t, private, public)
	if len(published) != 1 || published[0] != old {
		t.Errorf("got %s and %v", old, published)
	}
	if output, err := rotateKey(t, "signing", filepath.Join(dir, "signing"), true); err != nil {
		t.Errorf("got %s, %v", output, err)
	}
	if signing, published := keyIDs(t, private, public); signing == old || len(published) != 1 || published[0] != signing || modeOf(t, public) != 0o444 {
		t.Errorf("got %s and %v", signing, published)
	}
}

func TestTheJWTSecretIsWithdrawnAfterAMoveOnly(t *testing.T) {
	t.Parallel()
	dir, _ := madeSecrets(t)
	if output, err := rotateKey(t, "hs256", dir, true); err == nil || !strings.Contains(err.Error(), "TOKEN_ALG") {
		t.Errorf("before the move: got %s, %v", output, err)
	}
	if output, err := rotateKey(t, "signing", dir, true); err == nil || !strings.Contains(err.Error(), "TOKEN_ALG") {
		t.Errorf("no key: got %s, %v", output, err)
	}
	if err := secretfile.Init(dir, "EdDSA"); err != nil {
		t.Fatal(err)
	}
	if output, err := rotateKey(t, "hs256", dir, false); err == nil || !strings.Contains(err.Error(), "has to be accepted until") || readAll(t, dir)["jwt_secret"] == "" {
		t.Errorf("too early: got %s, %v", output, err)
	}
	age(t, dir, 121*time.Minute)
	if output, err := rotateKey(t, "hs256", dir, false); err != nil || readAll(t, dir)["jwt_secret"] != "" {
		t.Errorf("got %s, %v", output, err)
	}
}

func TestTheJWTSecretIsNotWithdrawnAfterTheWayBack(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	for _, folder := range []string{"jwt", "internal", "database", secretfile.Signing} {
		if err := os.Mkdir(filepath.Join(shared, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for kind, place := range map[string]struct {
		dir   string
		start func(alg string) error
	}{
		"one folder": {shared + "/one", func(alg string) error { return secretfile.Init(shared+"/one", alg) }},
		"a folder for each kind": {shared + "/jwt", func(alg string) error {
			_, err := secretfile.Share(shared+"/none", "", shared, alg)
			return err
		}},
	} {
		secret := filepath.Join(place.dir, "jwt_secret")
		for _, alg := range []string{"HS256", "EdDSA", "HS256"} {
			if err := place.start(alg); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		}
		if output, err := rotateKey(t, "hs256", place.dir, true); err == nil || !strings.Contains(err.Error(), "TOKEN_ALG") || sizeOf(t, secret) == 0 {
			t.Errorf("%s, while the secret signs: got %s, %v", kind, output, err)
		}
		// The secret has signed until now, however old the key is.
		if err := place.start("EdDSA"); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if output, err := rotateKey(t, "hs256", place.dir, false); err == nil || !strings.Contains(err.Error(), "has to be accepted until") {
			t.Errorf("%s, after the second move: got %s, %v", kind, output, err)
		}
		if output, err := rotateKey(t, "hs256", place.dir, true); err != nil || sizeOf(t, secret) != 0 {
			t.Errorf("%s, by force: got %s, %v", kind, output, err)
		}
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestAWithdrawnSecretIsMadeAnewWhenItHasToSignAgain(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	for _, folder := range []string{"jwt", "internal", "database", secretfile.Signing} {
		if err := os.Mkdir(filepath.Join(shared, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	share := func(alg string) {
		t.Helper()
		if _, err := secretfile.Share(shared+"/none", "", shared, alg); err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
	}
	secret := filepath.Join(shared, "jwt", "jwt_secret")
	share("HS256")
	share("EdDSA")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	share("EdDSA")
	if n := sizeOf(t, secret); n != 0 {
		t.Errorf("while the key signs: %d bytes", n)
	}
	share("HS256")
	if sizeOf(t, secret) == 0 {
		t.Error("the secret is still withdrawn")
	}
}
