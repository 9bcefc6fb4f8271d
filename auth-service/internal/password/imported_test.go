package password_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"tallygate/auth-service/internal/password"
)

// typed is the password of the hashes below: with a selector, which other systems do not leave out.
const typed = "correct horse \u2764\ufe0f"

// long is longer than bcrypt reads.
var long = strings.Repeat("long ", 20) + "tail"

// madeElsewhere has hashes that other systems have made: Django 3.2.25 (make_password's hashers with salt and costs given),
// Werkzeug 3.1.8 and 2.2.2 (generate_password_hash), PHP 8.2.36 (password_hash) and Python's bcrypt 3.2.2 (hashpw).
var madeElsewhere = []struct{ by, password, hash string }{
	{"Django PBKDF2", typed, "pbkdf2_sha256$1000$seasalt2026$FlXSSxPF0TF3z87pr7qauuRDUX4v/iJadoj+9ZdF/yE="},
	{"Django PBKDF2 with SHA-1", typed, "pbkdf2_sha1$1000$seasalt2026$0lZFjIMIUnruT9PicMgcxwNzoKQ="},
	{"Django PBKDF2, default costs", "123456", "pbkdf2_sha256$260000$KSfBgNQHEUdkG90aXdhs6n$IeuNl259mTy02nrFKYas4f6O9yoOFJHNITDnpLizsLM="},
	{"Django argon2", typed, "argon2$argon2id$v=19$m=64,t=1,p=2$c2Vhc2FsdDIwMjY$lRIFisUC+E2Zv8sNUzu9IQ"},
	{"Django bcrypt of SHA-256", typed, "bcrypt_sha256$$2b$04$Lw/V6YbKEo62dckwBYFx/eHV/oGolVY3ei0dnAELCUutdoDAase8C"},
	{"Django bcrypt of a long one's SHA-256", long, "bcrypt_sha256$$2b$04$E5MI3THRK2ye70Wm/b2.bOYEUVszfFvhvErsZ8DCW7zlTvavXh7lu"},
	{"Werkzeug PBKDF2", typed, "pbkdf2:sha256:1000$BrRCSQetqDvWNcHY$dce1b4447fb064c188c574e2aa12400563cc283b11b1845c1de916e35a844c6a"},
	{"Werkzeug PBKDF2 with SHA-512", typed, "pbkdf2:sha512:1000$v2u3Dfm41a6sk4yL$d0a2e7d054c215c978513f0f88339cdbfb250532752cf13f3157637d92508b081f3a51f9f185af78e71a52cd805922935aacdf3659789bf2022744851d9aac07"},
	{"Werkzeug PBKDF2 with SHA-1", typed, "pbkdf2:sha1:1000$ls7yr8eJHPRvAxDo$4046eab7a8448ca62b84d68ed1d856d1886b6d72"},
	{"Werkzeug scrypt", typed, "scrypt:1024:8:1$A0NYZPbgMmGgY8Ef$7388e8b58602780e55a022ef128241e203bf83352a87d5fb41640a4b7e7be43632a7a8ae0aad322b174799807cfad0558e9390bdcb6aa16f76b2dcab7c9eccc3"},
	{"Werkzeug scrypt, default costs", "123456", "scrypt:32768:8:1$rv6KMM3Bnbf0MnE2$6a576d68cfa1e72bd7c82d569c67353ab5e0201b9b4443f1e2ebce7a2c1ad370ecf2f0528193a6911819c05564473e7dde033fdaeb3920ebc2cc7238a83f29fd"},
	{"PHP bcrypt", typed, "$2y$04$KXh2s3Eexs2r7ErrBd1Zb.tTBMgKErmJHoRPtfjwhQJTN96OyFrS."},
	{"PHP bcrypt of a long one", long, "$2y$04$W0X5Uo02bezt06hYivcKAuyJBC9B4cS7aGDpNgY1oTDiUrFDFvC.C"},
	{"PHP argon2id", typed, "$argon2id$v=19$m=64,t=3,p=1$OXltRS5kQWlQVFBibWUxZg$pNwdHwtIXoAlutgqyD8BN4O/5xhDmBVEvHALrG5olHY"},
	{"PHP argon2id, default costs", "123456", "$argon2id$v=19$m=65536,t=4,p=1$MmRGSGRiQThnTmlXOXM2Yg$H+Sqoc3HXOYmiWF2oPRxmksZZ97IVq2M/n/lz2TNNQ4"},
	{"PHP argon2i", typed, "$argon2i$v=19$m=64,t=3,p=1$cVZtYk91RTFxb0hkZUxUeQ$8ZsoctxBTwWcjfDqMBJ6oDxuoLaMOclRP8PFlvO1oG8"},
	{"Python bcrypt", typed, "$2b$04$TWB0zY6eVdyDIGJRHYHzsesTjTc8QrtHSyJLAQD2nIMAsge5ddYQq"},
	{"Python bcrypt of a long one, as Django stores it", long, "bcrypt$$2b$04$F6fOYmm5JFclc4XRaLXzxO.CfpkimgnN9g/k3I.Jbm4JfG518Av4S"},
}

func imported(t *testing.T, hash string) string {
	t.Helper()
	stored, err := password.Import(hash)
	if err != nil {
		t.Fatalf("%s: %v", hash, err)
	}
	return stored
}

func TestHashesOfOtherSystemsAreVerifiedAndOutdated(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap())
	for _, from := range madeElsewhere {
		stored := imported(t, from.hash)
		tries := map[string]bool{from.password: true, "x" + from.password: false, "wrong": false}
		if strings.Contains(from.by, "SHA-256") && strings.Contains(from.by, "bcrypt") {
			tries[from.password+"x"] = false // all of a long password counts
		}
		for raw, want := range tries {
			ok, outdated, err := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, raw), stored)
			if err != nil || ok != want || outdated != want {
				t.Errorf("%s with %q: got %v, %v, %v", from.by, raw, ok, outdated, err)
			}
		}
	}
}

func TestAnImportedHashIsOfWhatWasTypedOrOfThePreparedForm(t *testing.T) {
	t.Parallel()
	today := cheap()
	h := hasher(t, today)
	salt := []byte("16 bytes of salt")
	enc := base64.RawStdEncoding
	of := func(text string) string { // with today's costs, so that only the mark tells it from one of our own
		return "$argon2id$v=19$m=64,t=1,p=1$" + enc.EncodeToString(salt) + "$" +
			enc.EncodeToString(argon2.IDKey([]byte(text), salt, today.Passes, today.MemoryKiB, today.Threads, 32))
	}
	for _, look := range []struct {
		typed, hashed string
		want          bool
	}{
		{"cafe\u0301", "cafe\u0301", true},
		{"cafe\u0301", "caf\u00e9", true},
		{"caf\u00e9", "cafe\u0301", false},
		{"a\u00a0b", "a\u00a0b", true},
		{"\u2764\ufe0f", "\u2764", true},
		{"\u2764", "\u2764\ufe0f", false},
	} {
		stored := imported(t, of(look.hashed))
		ok, outdated, err := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, look.typed), stored)
		if err != nil || ok != look.want || outdated != look.want {
			t.Errorf("%+q for a hash of %+q: got %v, %v, %v", look.typed, look.hashed, ok, outdated, err)
		}
	}
	if ok, _, _ := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, "cafe\u0301"), of("cafe\u0301")); ok {
		t.Error("a hash of our own was compared with what was not prepared")
	}
}

func TestBcryptReads72BytesOfALongPassword(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap())
	whole := strings.Repeat("x", 71) + "é" + strings.Repeat("y", 20) // the 72nd byte is the first half of a letter
	made, err := bcrypt.GenerateFromPassword([]byte(whole)[:72], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]bool{
		whole: true, whole + "z": true, strings.Repeat("x", 71): false, strings.Repeat("x", 71) + "è": true,
		strings.Repeat("x", 70) + "zé": false,
	} {
		ok, outdated, err := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, raw), imported(t, string(made)))
		if err != nil || ok != want || outdated != want {
			t.Errorf("%q: got %v, %v, %v", raw, ok, outdated, err)
		}
	}
}

func TestImportBoundsTheCostAndSaysWhy(t *testing.T) {
	t.Parallel()
	argon := func(costs string) string {
		return "$argon2id$v=19$" + costs + "$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)
	}
	hex32, hex64, base32 := strings.Repeat("0a", 32), strings.Repeat("0a", 64), strings.Repeat("A", 43)+"="
	const dear, broken, unknown = "costs too much", "cannot be read", "none of the known forms"
	for hash, want := range map[string]string{
		argon("m=65536,t=4,p=1"): "", argon("m=102400,t=2,p=8"): "", argon("m=7168,t=5,p=1"): "", argon("m=131072,t=2,p=1"): "",
		argon("m=131073,t=1,p=1"): dear, argon("m=65536,t=5,p=1"): dear, argon("m=1048576,t=2,p=1"): dear,
		argon("m=64,t=65,p=1"): broken, argon("m=65536,t=3,p=4,junk"): broken, argon("m=65536,t=3,p=4 "): broken,
		argon("m=065536,t=3,p=4"): broken, argon("m=+65536,t=3,p=4"): broken, argon("m=65536,t=3"): broken,
		argon("m=65536,t=3,p=256"): broken, argon(" m=65536,t=3,p=4"): broken, argon("m=64,t=1,p=1") + "AA": broken,
		strings.Replace(argon("m=64,t=1,p=1"), "v=19", "v=16", 1):            broken,
		strings.Replace(argon("m=64,t=1,p=1"), "argon2id", "argon2d", 1):     unknown,
		strings.Replace(argon("m=131072,t=3,p=1"), "argon2id", "argon2i", 1): dear,
		"pbkdf2_sha256$2000000$salt$" + base32:                               "",
		"pbkdf2_sha256$2000001$salt$" + base32:                               dear,
		"pbkdf2_sha256$4294967297$salt$" + base32:                            broken,
		"pbkdf2_sha256$0$salt$" + base32:                                     broken,
		"pbkdf2_sha256$-1$salt$" + base32:                                    broken,
		"pbkdf2_sha256$0100$salt$" + base32:                                  broken,
		"pbkdf2_sha256$100$$" + base32:                                       broken,
		"pbkdf2_sha256$100$" + strings.Repeat("s", 129) + "$" + base32:       broken,
		"pbkdf2_sha256$100$salt$" + base32[:40]:                              broken,
		"pbkdf2_sha256$100$salt$" + base32 + "$":                             broken,
		"pbkdf2_md5$100$salt$" + base32:                                      broken,
		"pbkdf2:sha256:2000000$salt$" + hex32:                                "",
		"pbkdf2:sha512:2000001$salt$" + hex64:                                dear,
		"pbkdf2:sha256$salt$" + hex32:                                        broken,
		"pbkdf2:sha256:100:1$salt$" + hex32:                                  broken,
		"pbkdf2:sha256:100$salt$" + hex64:                                    broken,
		"pbkdf2:sha256:100$salt$" + hex32[:63] + "g":                         broken,
		"scrypt:131072:8:1$salt$" + hex64:                                    "",
		"scrypt:65536:8:4$salt$" + hex64:                                     "",
		"scrypt:2:1:16$salt$" + hex64:                                        "",
		"scrypt:262144:8:1$salt$" + hex64:                                    dear,
		"scrypt:131072:8:3$salt$" + hex64:                                    dear,
		"scrypt:1024:33:1$salt$" + hex64:                                     dear,
		"scrypt:1024:8:17$salt$" + hex64:                                     dear,
		"scrypt:1073741824:32:16$salt$" + hex64:                              dear,
		"scrypt:1025:8:1$salt$" + hex64:                                      broken,
		"scrypt:1:8:1$salt$" + hex64:                                         broken,
		"scrypt:1024:8:0$salt$" + hex64:                                      broken,
		"scrypt:1024:8$salt$" + hex64:                                        broken,
		"scrypt:1024:8:1$salt$" + hex64 + "0a":                               broken,
		"$2y$14$" + strings.Repeat("x", 53):                                  "",
		"$2a$15$" + strings.Repeat("x", 53):                                  dear,
		"$2a$32$" + strings.Repeat("x", 53):                                  broken,
		"$2a$03$" + strings.Repeat("x", 53):                                  broken,
		"$2a$04$short":                                                       broken,
		"bcrypt_sha256$$2b$15$" + strings.Repeat("x", 53):                    dear,
		"bcrypt_sha256$$2x$04$" + strings.Repeat("x", 53):                    broken,
		"bcrypt_sha256$" + strings.Repeat("x", 60):                           broken,
		"bcrypt_sha256$bcrypt_sha256$$2b$04$" + strings.Repeat("x", 53):      broken,
		"$2x$04$" + strings.Repeat("x", 53):                                  unknown,
		"":                                                                   unknown, "plain": unknown, "argon2": unknown, "imported": unknown, "$1$salt$md5": unknown, "sha256$salt$" + hex32: unknown,
	} {
		checkImport(t, hash, want)
	}
}

// checkImport imports a hash. want is a part of the reason for which it is refused, if it is.
func checkImport(t *testing.T, hash, want string) {
	t.Helper()
	_, err := password.Import(hash)
	refused, _ := errors.AsType[*password.RefusedError](err)
	if want == "" && err != nil || want != "" && (refused == nil || !strings.Contains(refused.Reason, want)) {
		t.Errorf("%q: got %v, want %q", hash, err, want)
	}
	if err != nil && len(hash) > 20 && strings.Contains(err.Error(), hash[len(hash)-20:]) {
		t.Errorf("%q is repeated: %v", hash, err)
	}
}

func TestAnImportedHashTakesAsManyTurnsAsItCosts(t *testing.T) {
	t.Parallel()
	hex64 := strings.Repeat("0a", 64)
	for hash, want := range map[string]struct {
		kib   uint64
		turns int
	}{
		"$2y$10$" + strings.Repeat("x", 53): {8, 3},
		"$2y$14$" + strings.Repeat("x", 53): {8, 43},
		"$argon2id$v=19$m=65536,t=4,p=1$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43): {65536, 7},
		"$argon2i$v=19$m=65536,t=4,p=1$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43):  {65536, 7},
		"pbkdf2_sha256$1000000$salt$" + strings.Repeat("A", 43) + "=":                               {1, 13},
		"pbkdf2:sha512:2000000$salt$" + hex64:                                                       {1, 52},
		"scrypt:32768:8:1$salt$" + hex64:                                                            {32768, 4},
		"scrypt:131072:8:2$salt$" + hex64:                                                           {131072, 31},
	} {
		kib, turns, err := password.ForeignCost(imported(t, hash), password.DefaultParams())
		if err != nil || kib != want.kib || turns != want.turns {
			t.Errorf("%s: got %d KiB, %d turns, %v, want %+v", hash, kib, turns, err, want)
		}
	}
}

func TestImportedKeysOfOtherLengthsAreVerifiedAndOutdated(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap())
	for length, want := range map[uint32]bool{15: false, 16: true, 24: true, 64: true, 65: false} {
		salt := []byte("16 bytes of salt")
		enc := base64.RawStdEncoding
		hash := "$argon2id$v=19$m=64,t=1,p=1$" + enc.EncodeToString(salt) + "$" +
			enc.EncodeToString(argon2.IDKey([]byte("123456"), salt, 1, 64, 1, length))
		stored, err := password.Import(hash)
		if (err == nil) != want {
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

func FuzzImport(f *testing.F) {
	for _, from := range madeElsewhere {
		f.Add(from.hash)
	}
	f.Fuzz(func(t *testing.T, hash string) {
		stored, err := password.Import(hash)
		if _, refused := errors.AsType[*password.RefusedError](err); err != nil && !refused {
			t.Fatalf("%q: got %v", hash, err)
		}
		if again, second := password.Import(stored); err == nil && (second != nil || again != stored) {
			t.Fatalf("%q is stored as %q, and that as %q, %v", hash, stored, again, second)
		}
	})
}
