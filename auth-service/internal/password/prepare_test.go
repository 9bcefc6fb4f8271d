package password_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	stdhash "hash"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"tallygate/auth-service/internal/password"
)

func TestPreparation(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]struct {
		raw  string
		want error
	}{
		"one byte":                    {"x", nil},
		"the longest":                 {strings.Repeat("x", password.MaxBytes), nil},
		"spaces at the ends are kept": {" x ", nil},
		"empty":                       {"", password.ErrEmpty},
		"only variation selectors":    {"\ufe0f\ufe0e", password.ErrEmpty},
		"one byte too many":           {strings.Repeat("x", password.MaxBytes+1), password.ErrTooLong},
		"too long before preparation": {"x" + strings.Repeat("\ufe0f", password.MaxBytes/3+1), password.ErrTooLong},
	} {
		if _, err := password.Prepare(look.raw); !errors.Is(err, look.want) {
			t.Errorf("%s: got %v, want %v", name, err, look.want)
		}
	}
}

func TestARefusalNamesTheSign(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"a\x00b":           "U+0000 (a control character)",
		"a\x07b":           "U+0007 (a control character)",
		"a\tb":             "U+0009 (a control character)",
		"a\nb":             "U+000A (a control character)",
		"a\x7fb":           "U+007F (a control character)",
		"a\u0085b":         "U+0085 (a control character)",
		"a\u2028b":         "U+2028 (a line separator)",
		"a\u2029b":         "U+2029 (a paragraph separator)",
		"\ufeffab":         "U+FEFF (a byte order mark)",
		"a\ufff9b":         "U+FFF9 (an annotation mark)",
		"a\ufdd0b":         "U+FDD0 (not a character)",
		"a\uffffb":         "U+FFFF (not a character)",
		"a\U0010fffeb":     "U+10FFFE (not a character)",
		"a\xffb":           "the byte 0xFF (not UTF-8)",
		"a\x80":            "the byte 0x80 (not UTF-8)",
		"a\xc0\xafb":       "the byte 0xC0 (not UTF-8)",
		"a\xf0\x9f\x98":    "the byte 0xF0 (not UTF-8)",
		"a\xed\xa0\xbdb":   "U+D83D (half of a surrogate pair)",
		"a\xed\xbf\xbfb":   "U+DFFF (half of a surrogate pair)",
		"a\xed\xa0":        "the byte 0xED (not UTF-8)",
		"\u2764\ufe0f\x1b": "U+001B (a control character)",
	} {
		_, err := password.Prepare(raw)
		if refused, ok := errors.AsType[*password.SignError](err); !ok || refused.Sign != want {
			t.Errorf("%+q: got %v, want %s", raw, err, want)
		}
	}
}

// TestWhatKeyboardsTypeWorks has the families of what OpaqueString refuses and keyboards type.
func TestWhatKeyboardsTypeWorks(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"an emoji with a variation selector":       "\u2764\ufe0f",
		"a keycap":                                 "1\ufe0f\u20e3",
		"a joined emoji":                           "\U0001f469\u200d\U0001f4bb",
		"a family":                                 "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
		"a skin tone":                              "\U0001f44d\U0001f3fd",
		"a flag of a state":                        "\U0001f1e9\U0001f1ea",
		"a flag of tags":                           "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
		"an emoji of Unicode 16":                   "\U0001fae9",
		"an emoji of Unicode 17":                   "\U0001fac8",
		"a letter of Unicode 16":                   "\ua7cb",
		"what no version has yet":                  "\U0001faff\U000dfff0",
		"a soft hyphen":                            "auto\u00admatic",
		"a non-joiner (Persian)":                   "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
		"a joiner (Malayalam)":                     "\u0d28\u0d4d\u200d",
		"marks of direction (Hebrew, Arabic)":      "\u05d0\u200f\u200e\u061c",
		"embeddings and isolates":                  "\u202a\u202e\u202c\u2066\u2069",
		"a zero-width space (Khmer)":               "\u1780\u200b\u1781",
		"a tatweel (Arabic)":                       "\u0640",
		"Arabic digits of two kinds":               "\u0661\u06f1",
		"an interpunct that is not between two l":  "a\u00b7b",
		"a geresh without a letter":                "\u05f3",
		"a middle dot (Japanese) without kana":     "\u30fb",
		"jamo of old Korean":                       "\u1140\u119e",
		"a Hangul filler":                          "\u3164",
		"an apple (macOS)":                         "\uf8ff",
		"a combining grapheme joiner":              "a\u034fb",
		"more marks than a text should have":       "a" + strings.Repeat("\u0301\u0323", 40),
		"a mark without a letter":                  "\u0301",
		"the character for what cannot be decoded": "\ufffd",
	} {
		if _, err := password.Prepare(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneTextOfTwoKeyboardsIsOnePassword(t *testing.T) {
	t.Parallel()
	h := hasher(t, cheap())
	for _, look := range []struct {
		name, one, other string
		same             bool
	}{
		{"composed and decomposed, wide and plain space", "caf\u00e9\u3000au lait", "cafe\u0301 au lait", true},
		{"an emoji with and without its selector", "I \u2764\ufe0f U", "I \u2764 U", true},
		{"an emoji in colour and as text", "\u260e\ufe0f", "\u260e\ufe0e", true},
		{"a keycap with and without its selector", "1\ufe0f\u20e3", "1\u20e3", true},
		{"a joined emoji with and without its selector", "\U0001f441\ufe0f\u200d\U0001f5e8\ufe0f", "\U0001f441\u200d\U0001f5e8", true},
		{"a form of an ideograph", "\u845b\U000e0100", "\u845b", true},
		{"a form of a Mongolian letter", "\u1820\u180b", "\u1820", true},
		{"a selector between a letter and its mark", "e\ufe0f\u0301", "\u00e9", true},
		{"capitals", "Caf\u00e9", "caf\u00e9", false},
		{"a joiner", "\U0001f469\u200d\U0001f4bb", "\U0001f469\U0001f4bb", false},
		{"a soft hyphen", "auto\u00admatic", "automatic", false},
		{"a wide letter", "\uff21", "A", false},
		{"a ligature", "\ufb01", "fi", false},
	} {
		if got := verifies(t, h, look.other, hash(t, h, look.one)); got != look.same {
			t.Errorf("%s: got %v, want %v", look.name, got, look.same)
		}
	}
}

func verifies(t *testing.T, h *password.Hasher, raw, stored string) bool {
	t.Helper()
	ok, _, err := h.Verify(t.Context(), h.Place(password.Claim{}), prepare(t, raw), stored)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// around are the surroundings in which each character is tried: alone, after and before letters and marks that it may join or
// change places with.
func around(r rune) [6]string {
	c := string(r)
	return [...]string{c, "a" + c, c + "\u0301x", "\u1100" + c + "\u11a8", "l" + c + "l", "a\u0323" + c + "\u0315" + c}
}

// everyCharacter calls try for each character of the planes that Unicode gives characters, and for the last ones of all.
func everyCharacter(try func(rune)) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		used := r < 0x40000 || r >= 0xe0000 && r < 0xe1000 || r >= unicode.MaxRune-0xff
		if used && utf8.ValidRune(r) {
			try(r)
		}
	}
}

// wasAccepted returns the form that a password had when OpaqueString alone decided, with the tables of Unicode 15.0.
func wasAccepted(raw string) (string, bool) {
	for _, r := range raw {
		if !password.IsOfUnicode15(r) {
			return "", false
		}
	}
	text, err := precis.OpaqueString.String(raw)
	return text, err == nil && utf8.ValidString(raw)
}

func TestWhatWasAcceptedHasTheSameForm(t *testing.T) {
	t.Parallel()
	accepted := 0
	everyCharacter(func(r rune) {
		for _, raw := range around(r) {
			want, was := wasAccepted(raw)
			if !was {
				continue
			}
			accepted++
			if p, err := password.Prepare(raw); err != nil || p.Text() != want {
				t.Errorf("%+q: got %+q, %v, want %+q", raw, p.Text(), err, want)
			}
		}
	})
	if accepted < 700_000 {
		t.Errorf("only %d texts were accepted", accepted)
	}
}

func FuzzWhatWasAcceptedHasTheSameForm(f *testing.F) {
	for _, seed := range []string{"cafe\u0301", "a\u00a0b", "\u1112\u1161\u11ab", "\u2126\u212b", "\u0b47\u0b56", "l\u00b7l"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		want, was := wasAccepted(raw)
		p, err := password.Prepare(raw)
		if was && len(raw) <= password.MaxBytes && (err != nil || p.Text() != want) {
			t.Fatalf("%+q: got %+q, %v, want %+q", raw, p.Text(), err, want)
		}
		if err != nil {
			return
		}
		again, err := password.Prepare(p.Text())
		if err != nil && len(p.Text()) <= password.MaxBytes || err == nil && again.Text() != p.Text() {
			t.Fatalf("%+q: %+q is %+q, %v when it is prepared again", raw, p.Text(), again.Text(), err)
		}
	})
}

// TestTheFormOfAPasswordNeverChanges: stored hashes depend on it. If this fails after an upgrade, of Go or of
// golang.org/x/text, do not change the sums: users would be locked out. Change Prepare.
func TestTheFormOfAPasswordNeverChanges(t *testing.T) {
	t.Parallel()
	forms := sha256.New()
	everyCharacter(func(r rune) {
		for _, raw := range around(r) {
			addForm(forms, raw)
		}
	})
	wantSum(t, "every character", forms, "ce371d53ae6928c09888659ea2865e9079eb17df692341c3116d05a357001419")
	forms.Reset()
	for _, marks := range []int{1, 29, 30, 31, 32, 60, 61, 100} {
		addForm(forms, "a"+strings.Repeat("\u0301", marks))
		addForm(forms, strings.Repeat("\u0323\u0301", marks)+"a")
		addForm(forms, "\u0344"+strings.Repeat("\u0301", marks)+"\u0323")
	}
	wantSum(t, "many marks", forms, "4fbde460a1b3956d6227d8d151ef22b8ca83cebeb9aa7bd8583471d32592c4b0")
}

func addForm(forms stdhash.Hash, raw string) {
	p, err := password.Prepare(raw)
	if err != nil {
		_, _ = forms.Write([]byte(err.Error()))
	}
	_, _ = forms.Write([]byte(p.Text() + "\n"))
}

func wantSum(t *testing.T, what string, forms stdhash.Hash, want string) {
	t.Helper()
	if got := hex.EncodeToString(forms.Sum(nil)); got != want {
		t.Errorf("%s: the sum is %s, want %s", what, got, want)
	}
}

// TestNewerCharactersAreNotNormalized has characters of Unicode 16 that a later version of the tables orders, joins and splits.
func TestNewerCharactersAreNotNormalized(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"\U00016d67\U00016d67", "\U00016d68", "\U00016121\U0001611f", "\u0897\u0316", "a\u0897\u0316\u0301", "\U000113c5",
	} {
		if got := prepare(t, raw).Text(); got != raw {
			t.Errorf("%+q: got %+q", raw, got)
		}
	}
}

func TestWhatIsNormalizedAreTheCharactersOfUnicode15(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		mine, now := password.IsOfUnicode15(r), !unicode.Is(unicode.Cn, r)
		if mine && !now || now && !mine && unicode.Version == "15.0.0" {
			t.Fatalf("%U: got %v", r, mine)
		}
	}
}
