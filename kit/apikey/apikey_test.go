package apikey_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"io"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"tallygate/kit/apikey"
)

// independent is the checksum by other means: the library's CRC-32, and big numbers, whose digits are 0-9a-zA-Z.
func independent(random string) string {
	text := big.NewInt(int64(crc32.ChecksumIEEE([]byte(random)))).Text(62)
	swapped := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r ^ 0x20
		}
		return r
	}, text)
	return strings.Repeat("0", 6-len(swapped)) + swapped
}

// knownKeys are valid. The last one has a small checksum, filled up with zeros.
func knownKeys() []string {
	return []string{
		"tg_0000000000000000000000000000002C8GjS",
		"tg_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz4IlJEz",
		"tg_abcdefghijklmnopqrstuvwxyz01232LolCm",
		"tg_QWERTYUIOPasdfghjklZXCVBNM12342BKBsH",
		"tg_AAAAAAAAAAAAAAAAAAAAAA0000074600ZLh0",
	}
}

func newKey(t testing.TB) string {
	t.Helper()
	key, err := apikey.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAKeyHasTheFormThatScannersLookFor(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`\btg_[0-9A-Za-z]{36}\b`)
	seen := map[string]bool{}
	for range 1000 {
		key := newKey(t)
		if form.FindString("x="+key+";") != key || len(key) != apikey.Length || !apikey.Valid(key) || !apikey.Claims(key) {
			t.Fatalf("got %s", key)
		}
		if want := independent(key[3:33]); key[33:] != want {
			t.Errorf("%s: got the checksum %s, want %s", key, key[33:], want)
		}
		seen[key] = true
	}
	if len(seen) != 1000 {
		t.Errorf("got %d different keys of 1000", len(seen))
	}
}

// The checksums were made with Python's zlib.crc32.
func TestKnownKeysAreValid(t *testing.T) {
	t.Parallel()
	for _, key := range knownKeys() {
		if !apikey.Valid(key) {
			t.Errorf("%s is not valid", key)
		}
	}
}

func TestEveryCharacterIsAsLikely(t *testing.T) {
	t.Parallel()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	count := map[rune]int{}
	source := bytes.NewReader(bytes.Repeat(all, 60*30)) // each New takes 60 bytes, of which 60 may become characters
	for {
		key, err := apikey.New(source)
		if err != nil {
			break
		}
		for _, r := range key[3:33] {
			count[r]++
		}
	}
	if len(count) != 62 {
		t.Errorf("got %d different characters, want 62", len(count))
	}
	least, most := count['0'], count['0']
	for _, n := range count {
		least, most = min(least, n), max(most, n)
	}
	if most > least*12/10 {
		t.Errorf("one character occurs %d times, another %d times", most, least)
	}
}

func TestNothingElseIsValid(t *testing.T) {
	t.Parallel()
	good := knownKeys()[0]
	for name, text := range map[string]string{
		"nothing": "", "only the prefix": "tg_", "too short": good[:38], "too long": good + "0", "another prefix": "tk_" + good[3:],
		"a capital prefix": "TG_" + good[3:], "a refresh token's prefix": "tgr" + good[3:],
		"a sign among the random ones": good[:10] + "-" + good[11:], "a NUL": good[:10] + "\x00" + good[11:],
		"a letter of two bytes": good[:10] + "é" + good[12:], "a space after it": good[:38] + " ",
		"a sign in the checksum": good[:38] + "+",
	} {
		if apikey.Valid(text) {
			t.Errorf("%s: %q is valid", name, text)
		}
	}
	for i := 3; i < len(good); i++ { // each single mistake is found
		for _, c := range "0Az" {
			if wrong := good[:i] + string(c) + good[i+1:]; wrong != good && apikey.Valid(wrong) {
				t.Errorf("%s is valid", wrong)
			}
		}
	}
}

func TestAKeyNeedsRandomness(t *testing.T) {
	t.Parallel()
	cause := errors.New("no entropy")
	if key, err := apikey.New(iotest.ErrReader(cause)); key != "" || !errors.Is(err, cause) {
		t.Errorf("got %q, %v", key, err)
	}
	if key, err := apikey.New(io.LimitReader(rand.Reader, 59)); key != "" || err == nil {
		t.Errorf("got %q, %v", key, err)
	}
}

func TestDigestsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	key := knownKeys()[0]
	sum := sha256.Sum256([]byte(key))
	text := base64.RawURLEncoding.EncodeToString(sum[:])
	digest := apikey.Hash(key)
	if digest.String() != text {
		t.Errorf("got %s, want %s", digest, text)
	}
	if read, err := apikey.ParseDigest(text); err != nil || read != digest {
		t.Errorf("got %v, %v", read, err)
	}
	if other := sha256.Sum256([]byte("no key")); apikey.Hash("no key") != apikey.Digest(other) {
		t.Error("another text has another digest")
	}
	for _, wrong := range []string{"", text + "=", text[:42], text + "A", text[:42] + "_", text[:20] + "\n" + text[20:], text + "\n", "+" + text[1:]} {
		if _, err := apikey.ParseDigest(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}

//nolint:paralleltest // AllocsPerRun counts the whole process
func TestNothingIsAllocatedForAKeyThatComes(t *testing.T) {
	key := newKey(t)
	bad := key[:38] + "!"
	if n := testing.AllocsPerRun(100, func() {
		if !apikey.Valid(key) || apikey.Valid(bad) {
			t.Fatal("wrong")
		}
		_ = apikey.Hash(key)
	}); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}

func FuzzValid(f *testing.F) {
	for _, key := range knownKeys() {
		f.Add(key)
	}
	f.Add("tg_")
	form := regexp.MustCompile(`^tg_[0-9A-Za-z]{36}$`)
	f.Fuzz(func(t *testing.T, text string) {
		want := form.MatchString(text) && !strings.HasSuffix(text, "\n") && independent(text[3:33]) == text[33:]
		if got := apikey.Valid(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	})
}

func BenchmarkValid(b *testing.B) {
	key := newKey(b)
	for b.Loop() {
		if !apikey.Valid(key) {
			b.Fatal("not valid")
		}
	}
}
