package ticket_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"tallygate/kit/ticket"
	"tallygate/kit/token"
)

const (
	one = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"
	two = "ffeeddccbbaa99887766554433221100ffeeddcc"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func keys(t testing.TB, secrets ...string) *ticket.Keys {
	t.Helper()
	k, err := ticket.NewKeys(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(t testing.TB, k *ticket.Keys, what ticket.Ticket) string {
	t.Helper()
	raw, err := k.Seal(what)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// good is a ticket that was made at noon.
func good() ticket.Ticket {
	return ticket.Ticket{ExpiresAt: noon.Add(ticket.Life), Path: "/files/a", Token: "eyJ.eyJ.sig"}
}

func TestATicketOpensToWhatWasSealed(t *testing.T) {
	t.Parallel()
	k := keys(t, one)
	for name, want := range map[string]ticket.Ticket{
		"with a path":                good(),
		"without a path":             {ExpiresAt: noon.Add(time.Second), Token: "t"},
		"a path that JSON escapes":   {ExpiresAt: noon.Add(time.Second), Path: "/<a>&\"\u2028\\", Token: "t"},
		"the longest path and token": {ExpiresAt: noon.Add(time.Second), Path: strings.Repeat("/", ticket.MaxPathBytes), Token: strings.Repeat("t", token.MaxBytes)},
	} {
		raw := seal(t, k, want)
		got, err := k.Open(raw, noon)
		if want.ID = got.ID; err != nil || !got.ExpiresAt.Equal(want.ExpiresAt) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		got.ExpiresAt = want.ExpiresAt
		if got != want || got.ID == (ticket.ID{}) || len(raw) > ticket.MaxBytes {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestNoTwoTicketsAreEqualAndNoneShowsItsToken(t *testing.T) {
	t.Parallel()
	k, ids := keys(t, one), map[ticket.ID]bool{}
	for range 1000 {
		raw := seal(t, k, good())
		got, err := k.Open(raw, noon)
		if err != nil || ids[got.ID] {
			t.Fatalf("got %+v, %v", got, err)
		}
		ids[got.ID] = true
		text, ok := strings.CutPrefix(raw, ticket.Prefix)
		sealed, err := base64.RawURLEncoding.DecodeString(text)
		if !ok || err != nil || strings.Contains(raw, good().Token) || strings.Contains(string(sealed), good().Token) {
			t.Fatalf("got %s, %v", raw, err)
		}
	}
}

func TestATicketIsGoodUntilItExpiresAndNeverForLong(t *testing.T) {
	t.Parallel()
	k := keys(t, one)
	raw := seal(t, k, good())
	for _, row := range []struct {
		after time.Duration
		want  error
	}{
		{-token.Leeway - time.Millisecond, token.ErrInvalid}, // it would be good for longer than any ticket is
		{-token.Leeway, nil},
		{0, nil},
		{ticket.Life - time.Millisecond, nil},
		{ticket.Life, token.ErrExpired},
		{time.Hour, token.ErrExpired},
	} {
		if _, err := k.Open(raw, noon.Add(row.after)); !errors.Is(err, row.want) {
			t.Errorf("after %v: got %v, want %v", row.after, err, row.want)
		}
	}
}

func TestEveryChangeOfOneCharacterIsRefused(t *testing.T) {
	t.Parallel()
	k := keys(t, one)
	raw := seal(t, k, good())
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/% \n\r\x00"
	for i := range len(raw) {
		for _, c := range []byte(alphabet) {
			if c == raw[i] {
				continue
			}
			if _, err := k.Open(raw[:i]+string(c)+raw[i+1:], noon); !errors.Is(err, token.ErrInvalid) {
				t.Fatalf("%q at %d: got %v", c, i, err)
			}
		}
		for _, other := range []string{raw[:i], raw[:i] + "\n" + raw[i:], raw[:i] + raw[i:] + "A"} {
			if _, err := k.Open(other, noon); !errors.Is(err, token.ErrInvalid) {
				t.Fatalf("%q: got %v", other, err)
			}
		}
	}
}

func TestOtherSecretsOpenUntilTheyAreWithdrawn(t *testing.T) {
	t.Parallel()
	old := seal(t, keys(t, one), good())
	k := keys(t, two, one)
	if _, err := k.Open(old, noon); err != nil {
		t.Errorf("while listed: %v", err)
	}
	if _, err := keys(t, two).Open(seal(t, k, good()), noon); err != nil {
		t.Errorf("the first does not seal: %v", err)
	}
	if err := k.Replace([]string{two}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(old, noon); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("withdrawn: got %v", err)
	}
	if err := k.Replace(nil); err == nil {
		t.Error("no secret at all is taken")
	}
	if _, err := k.Open(seal(t, k, good()), noon); err != nil {
		t.Errorf("after a failed Replace: %v", err)
	}
}

// FuzzOpen knows one ticket, sealed once for all: every process of a fuzzer has the same.
func FuzzOpen(f *testing.F) {
	k := keys(f, one)
	const raw = "tgt_5C3xOhyV0v6y6ohXPHItttAf0UOH2_fX82FtfJOBQAOa4aa0zevVFTQfLPmR-hF22hyQTfUlpPwVgvDFTQlmWTsr2sbWuxIFPKW3vKPK9vxYbxgEThAWOTY"
	if got, err := k.Open(raw, noon); err != nil || got.Token != good().Token {
		f.Fatalf("got %+v, %v", got, err)
	}
	for _, seed := range []string{raw, raw + "=", raw[:len(raw)-1], "", ticket.Prefix, ticket.Prefix + "AAAA", "tgt_" + strings.Repeat("A", 100), "eyJ.eyJ.sig"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// Without the secret nobody makes a ticket, and nobody spells one in another way.
		if _, err := k.Open(text, noon); err == nil && text != raw {
			t.Errorf("opened %q", text)
		}
	})
}
