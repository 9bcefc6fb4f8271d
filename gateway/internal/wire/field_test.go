package wire_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

// passed are the kinds that go on to the upstream, or are written again from what the client sent.
var passed = []wire.Kind{
	wire.Other, wire.Host, wire.ContentLength, wire.TransferEncoding, wire.Expect, wire.Authorization, wire.APIKey, wire.RequestID,
	wire.TraceParent, wire.TraceState, wire.Via, wire.Origin, wire.MaxForwards, wire.Hops, wire.Protocols,
}

// dropped are the names that docs/routes.md says no client's field reaches an upstream under.
func dropped(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/routes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n### Dropped from requests\n")
	section, _, _ = strings.Cut(section, "\n##")
	if !found {
		t.Fatal("docs/routes.md does not say what is dropped")
	}
	var names []string
	for _, m := range regexp.MustCompile("`([A-Z][A-Za-z0-9-]*\\*?)`").FindAllStringSubmatch(section, -1) {
		names = append(names, m[1])
	}
	return names
}

func TestWhatTheDocsCallDroppedIsDropped(t *testing.T) {
	t.Parallel()
	for _, name := range dropped(t) {
		name = strings.Replace(name, "*", "Zz-And-More-Than-32-Bytes-Of-A-Name", 1)
		for _, spelling := range append(spellings(name), name, strings.ToLower(name)) {
			r, _, err := parse(head(spelling + ": v\r\n"))
			if err != nil {
				t.Fatalf("%s: %v", spelling, err)
			}
			if f := r.Field(1); slices.Contains(passed, f.Kind) || f.Alias != strings.ContainsAny(spelling, marks) {
				t.Errorf("%s: got kind %d, alias %v", spelling, f.Kind, f.Alias)
			}
		}
	}
}

// marks are the bytes of a name that servers like CGI read as "_". They also read "-" so, but that is the field itself.
const marks = "!#$%&'*+.^_`|~"

// spellings are what such servers take for the name.
func spellings(name string) (all []string) {
	for mark := range strings.SplitSeq(marks, "") {
		one := strings.Replace(name, "-", mark, 1)
		all = append(all, one, strings.ToUpper(one), strings.ReplaceAll(name, "-", mark))
	}
	return all
}

func TestAnUnknownNameWithOddBytesIsOdd(t *testing.T) {
	t.Parallel()
	for c := range 0x80 {
		b := string(rune(c))
		plain := c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !plain && !strings.Contains(marks, b) {
			continue // no name has it
		}
		for _, name := range []string{"Cus" + b + "tom", b + "custom", "custom" + b, b} {
			want := wire.Odd
			if plain {
				want = wire.Other
			}
			if r, _, err := parse(head(name + ": v\r\n")); err != nil || r.Field(1).Kind != want || r.Field(1).Alias {
				t.Errorf("%s: got kind %d, want %d (%v)", name, r.Field(1).Kind, want, err)
			}
		}
	}
}

func TestWhatIsDroppedStandsInTheDocs(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, name := range dropped(t) {
		documented[strings.ToLower(name)] = true
	}
	for name, kind := range wire.SpecialNames() {
		member := strings.HasPrefix(name, "x-forwarded-") && documented["x-forwarded-*"]
		if !slices.Contains(passed, kind) && !documented[name] && !member {
			t.Errorf("%s is dropped, and docs/routes.md does not say so", name)
		}
	}
}

func TestNamesThatOnlyBeginLikeAFamilyArePassed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Forwarded", "X-Forwardedfor", "Remote", "Remoteuser", "X-Remotes", "Proxyuser", "X-Auth-Token", "Range", "X", "X-Original-Filename", "X-Original-Size", "X-Original", "X-Originals-URL", "X-Original-Forwarded"} {
		if r, _, err := parse(head(name + ": v\r\n")); err != nil || r.Field(1).Kind != wire.Other {
			t.Errorf("%s: got kind %d (%v), want it passed", name, r.Field(1).Kind, err)
		}
	}
}

func BenchmarkFields(b *testing.B) {
	text := []byte(head("User-Agent: a\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer x\r\nX-Request-Id: 1\r\n" +
		"Referer: http://a/\r\nX-Requested-With: b\r\nCookie: a=b\r\nPriority: u=1\r\nSec-Fetch-Mode: cors\r\n"))
	r := new(wire.Request)
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if _, err := r.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
