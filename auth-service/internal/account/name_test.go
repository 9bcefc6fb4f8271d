package account_test

import (
	"errors"
	"strings"
	"testing"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
)

func TestNamesThatAreOneAccount(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"ada": "ada", "Ada": "ada", "ADA": "ada", "ａｄａ": "ada", "ÉVA": "éva", "E\u0301va": "éva", "Σίσυφος": "σίσυφος",
		"a.b-c_d@example.org": "a.b-c_d@example.org", "用户": "用户", "1": "1",
		strings.Repeat("x", 128): strings.Repeat("x", 128),
		// Longer in bytes before preparation than after.
		strings.Repeat("e\u0302\u0301", 128):      strings.Repeat("\u1ebf", 128),
		strings.Repeat("\u1112\u1161\u11ab", 128): strings.Repeat("한", 128),
	} {
		if got, err := account.PrepareName(raw); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", raw, got, err, want)
		}
	}
}

func TestNamesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", " ", "a da", "ada ", "a\tb", "a\x00b", "a\u200bb", "a\u202eb", "\xff", "½", "☃", strings.Repeat("x", 129),
		strings.Repeat("é", 129), strings.Repeat("e\u0302\u0301", 129), strings.Repeat("x", 1<<20),
	} {
		got, err := account.PrepareName(raw)
		if _, invalid := errors.AsType[*fault.InvalidError](err); !invalid {
			t.Errorf("%.20q: got %q, %v", raw, got, err)
		}
	}
}

func FuzzPrepareName(f *testing.F) {
	f.Add("Ada")
	f.Add("ﬁ\u0345")
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := account.PrepareName(raw)
		if err != nil {
			return
		}
		if again, err := account.PrepareName(name); err != nil || again != name {
			t.Errorf("%q becomes %q, then %q, %v", raw, name, again, err)
		}
		if strings.ContainsAny(name, "\x00\n ") {
			t.Errorf("%q becomes %q", raw, name)
		}
	})
}
