package wire_test

import (
	"errors"
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

// parsePieces reads a head that comes in pieces of a size, and returns the status of the error; 0 if there is none.
func parsePieces(t *testing.T, text string, head, target, size int) int {
	t.Helper()
	var r wire.Request
	r.Limit(head, target)
	r.Reset()
	for end := min(size, len(text)); ; end = min(end+size, len(text)) {
		n, err := r.Parse([]byte(text)[:end])
		if fault, ok := errors.AsType[*wire.MessageError](err); ok {
			return fault.Status
		}
		if err != nil {
			t.Fatal(err)
		}
		if n == len(text) {
			return 0
		}
		if end == len(text) {
			t.Fatalf("%.40q is not complete after %d bytes", text, end)
		}
	}
}

func TestHeadsAndTargetsHaveBounds(t *testing.T) {
	t.Parallel()
	const k = 1 << 10
	withTarget := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n" }
	long := func(n int) string { return "/" + strings.Repeat("x", n-1) }
	withField := func(n int) string { return head("A: " + strings.Repeat("v", n) + "\r\n") }
	for name, row := range map[string]struct {
		text         string
		head, target int
		want         int
	}{
		"a long target":                      {withTarget(long(30 * k)), 0, 0, 0},
		"a target longer than the head":      {withTarget(long(33 * k)), 0, 0, 414},
		"a query longer than the head":       {withTarget("/?" + long(33*k)), 0, 0, 414},
		"a target at its bound":              {withTarget(long(1000)), 0, 1000, 0},
		"a target beyond its bound":          {withTarget(long(1001)), 0, 1000, 414},
		"a target that grows by its escapes": {withTarget("/" + strings.Repeat("[", 400)), 0, 1000, 414},
		"a query that grows by its escapes":  {withTarget("/?" + strings.Repeat("ü", 200)), 0, 1000, 414},
		"escapes within the bound":           {withTarget("/" + strings.Repeat("[", 300)), 0, 1000, 0},
		"an absolute target":                 {withTarget("http://a" + long(33*k)), 0, 0, 414},
		"a long field":                       {withField(31 * k), 0, 0, 0},
		"a field longer than the head":       {withField(33 * k), 0, 0, 431},
		"many fields":                        {head(strings.Repeat("A: "+strings.Repeat("v", k)+"\r\n", 40)), 0, 0, 431},
		"a small head":                       {withField(3 * k), 4 * k, 0, 0},
		"a head beyond a small bound":        {withField(5 * k), 4 * k, 0, 431},
		"a target beyond a small bound":      {withTarget(long(5 * k)), 4 * k, 0, 414},
		"a large head":                       {withField(900 * k), 1 << 20, 0, 0},
		"fields beyond 64 KiB":               {head(strings.Repeat("A: "+strings.Repeat("v", k)+"\r\n", 100)), 1 << 20, 0, 0},
		"a large target":                     {withTarget(long(900 * k)), 1 << 20, 0, 0},
		"a head beyond a large bound":        {withField(1100 * k), 1 << 20, 0, 431},
		"a long name":                        {head(strings.Repeat("n", 1000) + ": v\r\n"), 0, 0, 0},
		"a name that is too long":            {head(strings.Repeat("n", 2000) + ": v\r\n"), 0, 0, 431},
	} {
		for _, size := range []int{len(row.text), 1000, 7} {
			if size == 7 && len(row.text) > 64*k {
				continue
			}
			if got := parsePieces(t, row.text, row.head, row.target, size); got != row.want {
				t.Errorf("%s, in pieces of %d bytes: got %d, want %d", name, size, got, row.want)
			}
		}
	}
}

func TestFieldsOfALargeHeadKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	var r wire.Request
	r.Limit(1<<20, 0)
	text := head("A: " + strings.Repeat("v", 200_000) + "\r\nB: \t after \r\nX-User-Id: 1\r\n")
	if n, err := r.Parse([]byte(text)); err != nil || n != len(text) {
		t.Fatalf("got %d, %v", n, err)
	}
	if b, id := r.Field(2), r.Field(3); string(b.Name) != "B" || string(b.Value) != "after" || id.Kind != wire.Identity || string(id.Value) != "1" {
		t.Errorf("got %s: %q, %s: %q", b.Name, b.Value, id.Name, id.Value)
	}
}

func TestBuffersGrowUpToTheBoundOfHeads(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]int{4 << 10: 16 << 10, 20_000: 20_000, 100_000: 100_000, 1 << 20: 1 << 20} {
		pool := wire.NewHeadPool(nil, most)
		b := pool.Get()
		for b.Filled(len(b.Free())); ; b.Filled(len(b.Free())) {
			if err := pool.Room(b); err != nil {
				if !errors.Is(err, wire.ErrHeadTooLarge) {
					t.Errorf("%d: %v", most, err)
				}
				break
			}
		}
		if got := len(b.Memory()); got != want {
			t.Errorf("%d: got %d bytes, want %d", most, got, want)
		}
	}
}

// BenchmarkALargeHeadInPieces is slow if what has come is read again with each piece.
func BenchmarkALargeHeadInPieces(b *testing.B) {
	text := []byte(head("A: " + strings.Repeat("v", 500_000) + "\r\n"))
	var r wire.Request
	r.Limit(1<<20, 0)
	for b.Loop() {
		r.Reset()
		for end := 0; end < len(text); end += 100 {
			if _, err := r.Parse(text[:end]); err != nil {
				b.Fatal(err)
			}
		}
	}
}
