package wire_test

import (
	"bufio"
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/wire"
)

func parseResponse(text string) (*wire.Response, int, error) {
	r := new(wire.Response)
	r.Reset()
	n, err := r.Parse([]byte(text))
	return r, n, err
}

func TestMalformedResponsesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"hello\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n",
		"HTTP/1.1 000 X\r\n\r\n", "HTTP/1.1 1000 X\r\n\r\n", "HTTP/1.1 2x0 X\r\n\r\n", "HTTP/1.1 -20 X\r\n\r\n", "HTTP/1.10 200 X\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 200 O\x00K\r\n\r\n", "HTTP/1.1 200 OK\n\n      ",
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1,\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: ,1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
		"HTTP/1.1 204 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
	} {
		if _, n, err := parseResponse(text); err == nil {
			t.Errorf("%q: got %d and no error", text, n)
		}
	}
}

func TestGoodResponsesAreRead(t *testing.T) {
	t.Parallel()
	type want struct {
		status  int
		reason  string
		length  int64
		chunked bool
		keep    bool
		idle    time.Duration
	}
	for text, want := range map[string]want{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n":                {200, "OK", 3, false, true, 0},
		"HTTP/1.1 404 Not here\r\nTransfer-Encoding: chunked\r\n\r\n": {404, "Not here", -1, true, true, 0},
		"HTTP/1.1 200\r\nConnection: close\r\n\r\n":                   {200, "", -1, false, false, 0},
		"HTTP/1.1 200 \r\n\r\n":                                       {200, "", -1, false, true, 0},
		"HTTP/1.0 200 OK\r\n\r\n":                                     {200, "OK", -1, false, false, 0},
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n":           {200, "OK", -1, false, true, 0},
		"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\n\r\n":   {200, "OK", -1, false, true, 5 * time.Second},
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n":     {304, "Not Modified", 10, false, true, 0},
		"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n": {103, "Early Hints", -1, false, true, 0},
		// What is harmless, since the message is framed anew.
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n":                       {200, "OK", -1, true, true, 0},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding:  CHUNKED\t\r\n\r\n":                    {200, "OK", -1, true, true, 0},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n":                      {200, "OK", -1, false, false, 0},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n": {200, "OK", 3, false, false, 0},
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n":           {200, "OK", 3, false, true, 0},
		"HTTP/1.1 200 OK\r\nContent-Length: 3, 3 ,3\r\nContent-Length: 03\r\n\r\n":    {200, "OK", 3, false, true, 0},
		"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n":               {204, "No Content", -1, true, true, 0},
		"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n":                        {204, "No Content", 0, false, true, 0},
		"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n":                       {103, "Early Hints", 0, false, true, 0},
		"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n":              {103, "Early Hints", -1, true, true, 0},
		"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n":             {304, "Not Modified", -1, true, true, 0},
		"HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n":                               {299, "Odd", 0, false, true, 0},
		"HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n":                                  {599, "", 0, false, true, 0},
		"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n":                               {600, "Odd", 0, false, true, 0},
		"HTTP/1.1 999\r\nContent-Length: 0\r\n\r\n":                                   {999, "", 0, false, true, 0},
		"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n":                                {200, "OK", 0, false, true, 0},
		"HTTP/1.9 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":                       {200, "OK", -1, true, true, 0},
		"HTTP/1.1 200  two spaces \r\nContent-Length:\t0 \r\n\r\n":                    {200, " two spaces ", 0, false, true, 0},
		"HTTP/1.1 200 \xe4\xf6 latin\r\nX: \xfc\r\nContent-Length: 0\r\n\r\n":         {200, "\xe4\xf6 latin", 0, false, true, 0},
	} {
		r, n, err := parseResponse(text)
		if err != nil || n != len(text) {
			t.Errorf("%q: got %d, %v", text, n, err)
			continue
		}
		if got := (struct {
			status  int
			reason  string
			length  int64
			chunked bool
			keep    bool
			idle    time.Duration
		}{r.Status, string(r.Reason), r.ContentLength, r.Chunked, r.KeepAlive, r.IdleTimeout}); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

// tolerated is what net/http refuses in a response and a proxy can take.
var tolerated = regexp.MustCompile(`(?i)\ntransfer-encoding:[ \t]*identity|\ncontent-length:[ \t]*[0-9]+[ \t]*,`)

// What is accepted here, net/http reads in the same way.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, n, err := parseResponse(string(text))
		if err != nil || n == 0 {
			return
		}
		again := new(wire.Response)
		again.Reset()
		m := 0
		for i := 0; i <= n && err == nil && m == 0; i++ {
			m, err = again.Parse(bytes.Clone(text[:i]))
		}
		if err != nil || m != n || again.Status != r.Status {
			t.Fatalf("in pieces: %d, %v, want %d", m, err, n)
		}
		std, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil && tolerated.Match(text) {
			return
		}
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", text, err)
		}
		defer std.Body.Close()
		if std.StatusCode != r.Status || len(std.TransferEncoding) > 0 != r.Chunked {
			t.Errorf("status %d, chunked %v, net/http has %d, %v", r.Status, r.Chunked, std.StatusCode, std.TransferEncoding)
		}
		if r.ContentLength > 0 && r.HasBody(false) && std.ContentLength != r.ContentLength {
			t.Errorf("length %d, net/http has %d", r.ContentLength, std.ContentLength)
		}
		if strings.Contains(std.Status, "\n") {
			t.Errorf("a line end in the status %q", std.Status)
		}
	})
}
