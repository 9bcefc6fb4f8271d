package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

// decode reads a chunked body that comes in pieces of a size.
func decode(text string, piece int) (data string, rest string, done bool, err error) {
	var c wire.Chunked
	var out []byte
	for len(text) > 0 && !done && err == nil {
		p := []byte(text[:min(piece, len(text))])
		var wrote, took int
		wrote, took, done, err = c.Decode(p, p)
		out = append(out, p[:wrote]...)
		text = text[took:]
	}
	return string(out), text, done, err
}

func TestChunkedBodiesAreDecoded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0\r\n\r\n":                   "",
		"3\r\nabc\r\n0\r\n\r\n":       "abc",
		"00003\r\nabc\r\n000\r\n\r\n": "abc",
		"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n": "01234567890123456789",
		"1 ;x\r\na\r\n0\t ; y = z\r\n\r\n":                "a",
		"1;x=y;z=\"q\"\r\na\r\n0;end\r\n\r\n":             "a",
		"1\r\na\r\n0\r\nTrailer: dropped\r\nB: \r\n\r\n":  "a",
	} {
		for piece := range len(text) {
			got, rest, done, err := decode(text+"GET /", piece+1)
			if got != want || rest != "GET /" || !done || err != nil {
				t.Errorf("%q by %d: got %q, rest %q, done %v, %v", text, piece+1, got, rest, done, err)
			}
		}
	}
}

func TestMalformedChunksAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"\r\n", "g\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "1\t\r\na\r\n", "1 1\r\n", "1 1;x\r\n", "1 a", " ;x\r\n", "1 \n", "1 \v;x\r\n",
		"1" + strings.Repeat(" ", 5000) + ";x\r\na\r\n", "1\na\r\n", "1\r\na\n0\r\n\r\n",
		"1\r\nab\r\n", "1\r\na0\r\n\r\n", "1\ra\r\n", "1\r\r\na", "1;\n\r\n", "1;\x00\r\n", "1;a\rb\r\n", "1_0\r\n",
		"ffffffffffffffff\r\n", "1000000000000000\r\n", "0\r\nA : b\r\n\r\n", "0\r\n b\r\n\r\n", "0\r\nA: b\nC: d\r\n\r\n",
		"0\r\n\n", "0\r\nA: \x00\r\n\r\n", "0\r\n: b\r\n\r\n", "0\r\nA\r\n\r\n", "1;" + strings.Repeat("x", 5000) + "\r\na\r\n",
		"0\r\nA: " + strings.Repeat("x", 20000) + "\r\n\r\n",
	} {
		for _, piece := range []int{1, 7, len(text)} {
			if got, _, done, err := decode(text, piece); err == nil {
				t.Errorf("%.40q by %d: got %q, done %v, want an error", text, piece, got, done)
			}
		}
	}
}

func TestTheSizesOfAResponsesChunksMayBePadded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"3   \r\nabc\r\n0\t \r\n\r\n":     "abc",
		"3 \t;x=y\r\nabc\r\n0 ;z\r\n\r\n": "abc",
		"3 0\r\nabc":                      "", " 3\r\nabc": "", "3 \nabc": "", "3 x\r\nabc": "", "3" + strings.Repeat(" ", 5000) + "\r\nabc": "",
	} {
		c := wire.Chunked{Padded: true}
		p := []byte(text)
		wrote, _, done, err := c.Decode(p, p)
		if got := string(p[:wrote]); got != want || done != (want != "") || (err != nil) != (want == "") {
			t.Errorf("%.20q: got %q, done %v, %v, want %q", text, got, done, err, want)
		}
	}
}

func TestAFramedChunkIsWhatItDecodesTo(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 9, 15, 16, 255, 4096, 65536} {
		data := strings.Repeat("d", size)
		buf := append(append(make([]byte, wire.ChunkHeadroom), data...), make([]byte, wire.ChunkTailroom)...)
		text := string(wire.FrameChunk(buf, wire.ChunkHeadroom, wire.ChunkHeadroom+size)) + wire.LastChunk
		if got, rest, done, err := decode(text, len(text)); got != data || rest != "" || !done || err != nil {
			t.Errorf("%d: got %d bytes, rest %q, done %v, %v", size, len(got), rest, done, err)
		}
	}
}

// source is a body's source.
type source struct{ io.Reader }

func (s source) Fetch(memory wire.Memory) (int, error) { return s.Read(memory.Lend()) }

// fixed is Memory that is always there.
type fixed []byte

func (f fixed) Lend() []byte { return f }
func (fixed) Return()        {}

func TestABodyLeavesWhatComesAfterIt(t *testing.T) {
	t.Parallel()
	const next = "GET /next HTTP/1.1\r\n"
	for name, row := range map[string]struct {
		text   string
		length wire.Framing
		want   string
	}{
		"by length": {"hello", 5, "hello"},
		"chunked":   {"5\r\nhello\r\n0\r\n\r\n", -1, "hello"},
		"none":      {"", 0, ""},
	} {
		for early := range len(row.text) + len(next) + 1 {
			text := row.text + next
			var b wire.Body
			b.Begin(source{strings.NewReader(text[early:])}, []byte(text[:early]), row.length)
			var got []byte
			p := make([]byte, 64)
			for {
				n, err := b.Fetch(fixed(p))
				got = append(got, p[:n]...)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s, %d early: %v", name, early, err)
				}
			}
			if string(got) != row.want || !b.Done() || !strings.HasPrefix(next, string(b.Extra())) {
				t.Errorf("%s, %d early: got %q, done %v, extra %q", name, early, got, b.Done(), b.Extra())
			}
		}
	}
}

func TestABodyThatEndsEarlyIsNotWhole(t *testing.T) {
	t.Parallel()
	for text, length := range map[string]wire.Framing{"hell": 5, "5\r\nhell": -1, "5\r\nhello\r\n": -1, "": 1} {
		var b wire.Body
		b.Begin(source{strings.NewReader(text)}, nil, length)
		p := make([]byte, 64)
		var err error
		for err == nil {
			_, err = b.Fetch(fixed(p))
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: got %v, want a cut body", text, err)
		}
	}
}

func TestTrailersThatAreKept(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ trailers, want string }{
		"none":                     {"", ""},
		"plain ones":               {"Grpc-Status: 0\r\ngrpc-message: a b\r\n", "Grpc-Status: 0\r\ngrpc-message: a b\r\n"},
		"about the message":        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Sum: 1\r\nHost: b\r\n", "X-Sum: 1\r\n"},
		"about who calls":          {"X-User-Id: 1\r\nX_User_Id: 1\r\nAuthorization: a\r\nX-Forwarded-For: b\r\n", ""},
		"a name that may be other": {"X.Sum: 1\r\n", ""},
	} {
		for _, keep := range []bool{true, false} {
			var b wire.Body
			b.Begin(source{strings.NewReader("2\r\nok\r\n0\r\n" + row.trailers + "\r\n")}, nil, wire.ByChunks)
			if keep {
				b.KeepTrailers()
			}
			for p := make([]byte, 7); ; {
				if _, err := b.Fetch(fixed(p)); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			want := "0\r\n\r\n"
			if keep {
				want = "0\r\n" + row.want + "\r\n"
			}
			if got := string(b.AppendLastChunk(nil)); got != want {
				t.Errorf("%s, kept: %t: got %q, want %q", name, keep, got, want)
			}
		}
	}
}

// What is accepted here, the standard library's decoder accepts, with the same data.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"), 1)
	f.Add([]byte("1;x\r\na\r\n0\r\nA: b\r\n\r\nmore"), 4)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		if piece < 1 || piece > 1<<16 {
			return
		}
		got, rest, done, err := decode(string(text), piece)
		whole, restWhole, doneWhole, errWhole := decode(string(text), len(text)+1)
		if done != doneWhole || (err == nil) != (errWhole == nil) || done && (got != whole || rest != restWhole) {
			t.Fatalf("by %d: %q, %v, %v; whole: %q, %v, %v", piece, got, done, err, whole, doneWhole, errWhole)
		}
		if !done {
			return
		}
		std, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(text)))
		if err != nil || string(std) != got {
			t.Fatalf("got %q, the standard library has %q, %v", got, std, err)
		}
	})
}
