package h2_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/h2"
	"tallygate/gateway/internal/wire"
)

func requestOf(method, body string, length int64) *http.Request {
	r := httptest.NewRequest(method, "https://a.test/c?x=1", io.NopCloser(strings.NewReader(body)))
	r.RequestURI, r.ContentLength, r.Host = "/c?x=1", length, "a.test"
	return r
}

func TestAHeadIsOneThatThePackageWireReads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   error
		length int64
	}{
		"as it is":                       {},
		"a body of unknown length":       {change: func(r *http.Request) { r.ContentLength = -1 }, length: -1},
		"a length and no body":           {change: func(r *http.Request) { r.Header.Set("Content-Length", "5") }, want: wire.ErrLength},
		"a space in the method":          {change: func(r *http.Request) { r.Method = "GET /x" }, want: wire.ErrStartLine},
		"a space in the path":            {change: func(r *http.Request) { r.RequestURI = "/c HTTP/1.1" }, want: wire.ErrStartLine},
		"no host":                        {change: func(r *http.Request) { r.Host = "" }, want: wire.ErrHost},
		"another host than the first":    {change: func(r *http.Request) { r.Header.Set("Host", "b.test") }, want: wire.ErrHost},
		"a field that is not about HTTP": {change: func(r *http.Request) { r.Header.Set("Expect", "wonders") }, want: wire.ErrExpectation},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := requestOf(http.MethodGet, "", 0)
			if c.change != nil {
				c.change(r)
			}
			head := h2.NewStream(httptest.NewRecorder(), r).AppendHead(nil)
			if r.Header != nil || r.RequestURI != "" {
				t.Error("the head is held twice")
			}
			var parsed wire.Request
			parsed.Reset()
			n, err := parsed.Parse(head)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v for\n%s", err, c.want, head)
			}
			if err == nil && (n != len(head) || string(parsed.Path) != "/c" || parsed.ContentLength != c.length) {
				t.Errorf("got %d of %d bytes, path %s, length %d", n, len(head), parsed.Path, parsed.ContentLength)
			}
		})
	}
}

func TestABodyIsReadInChunksOfAnySize(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("0123456789abcdef", 500)
	for _, size := range []int{1, 7, 12, 13, 100, 4096, 64 << 10} {
		r := requestOf(http.MethodPost, body, -1)
		r.Trailer = http.Header{"X-Sum": {"1"}}
		s := h2.NewStream(httptest.NewRecorder(), r)
		s.AppendHead(nil)
		var chunks wire.Chunked
		var got []byte
		memory := make([]byte, size)
		for done := false; !done; {
			n, err := s.Read(memory)
			if err != nil {
				t.Fatalf("%d: %v after %d bytes", size, err, len(got))
			}
			var wrote, took int
			if wrote, took, done, err = chunks.Decode(memory, memory[:n]); err != nil || took != n {
				t.Fatalf("%d: took %d of %d: %v", size, took, n, err)
			}
			got = append(got, memory[:wrote]...)
		}
		if string(got) != body {
			t.Errorf("%d: got %d bytes, want %d", size, len(got), len(body))
		}
	}
}

func TestAResponseIsTakenApart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method string
		writes []string
		body   string
		whole  bool
		fails  bool
	}{
		"with a length":              {writes: []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", "llo"}, body: "hello", whole: true},
		"cut short":                  {writes: []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"}, body: "he"},
		"longer than its length":     {writes: []string{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhe"}, fails: true},
		"chunked":                    {writes: []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\nhe\r\n", "3\r\nllo\r\n0\r\n\r\n"}, body: "hello", whole: true},
		"chunked, cut short":         {writes: []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n"}, body: "he"},
		"with trailers":              {writes: []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nX-Sum: 1\r\n\r\n"}, body: "he", whole: true},
		"a chunk without its end":    {writes: []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe"}, fails: true},
		"something after the end":    {writes: []string{"HTTP/1.1 204 No Content\r\n\r\n", "x"}, fails: true, whole: true},
		"to HEAD":                    {method: http.MethodHead, writes: []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"}, whole: true},
		"100 before the final one":   {writes: []string{wire.Continue, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, whole: true},
		"half a head":                {writes: []string{"HTTP/1.1 200 OK\r\nContent-"}, fails: true},
		"nothing":                    {},
		"no content and connections": {writes: []string{"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"}, whole: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.method == "" {
				c.method = http.MethodGet
			}
			w := httptest.NewRecorder()
			s := h2.NewStream(w, requestOf(c.method, "", 0))
			var err error
			for _, p := range c.writes {
				if _, err = s.Write([]byte(p)); err != nil {
					break
				}
			}
			if whole := s.Whole(); whole != c.whole || (err != nil) != c.fails {
				t.Errorf("whole: got %t (%v), want %t", whole, err, c.whole)
			}
			if got := w.Body.String(); !c.fails && got != c.body {
				t.Errorf("got %q, want %q", got, c.body)
			}
			if got := w.Result().Header.Get("Connection"); got != "" {
				t.Errorf("the client is told Connection: %s", got)
			}
		})
	}
}

func TestDeadlinesEndReadsAndWrites(t *testing.T) {
	t.Parallel()
	s := h2.NewStream(httptest.NewRecorder(), requestOf(http.MethodPost, "hello", 5))
	if err := s.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: got %v", err)
	}
	if _, err := s.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Write: got %v", err)
	}
	if err := s.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Read(make([]byte, 9)); n != 5 {
		t.Errorf("Read afterwards: got %d, %v", n, err)
	}
	if _, err := s.Write([]byte("HTTP/1.1 204 No Content\r\n\r\n")); err != nil {
		t.Errorf("Write afterwards: %v", err)
	}
	s.Whole()
	if err := s.SetDeadline(time.Time{}); err == nil {
		t.Error("a deadline is set after the end")
	}
}
