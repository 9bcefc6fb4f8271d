package forward_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// carry sends a client's text, of which only the beginning is read at once, to an upstream at an address. It returns the
// outcome, and what the client gets.
func carry(t *testing.T, addr, begin, rest string, maxBody int64) (forward.Outcome, string) {
	t.Helper()
	watch := wire.NewWatch()
	go watch.Run(t.Context())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(client, rest); err != nil {
		t.Fatal(err)
	}
	var head wire.Request
	buf := []byte(begin)
	n, err := head.Parse(buf)
	if err != nil || n == 0 {
		t.Fatalf("head: %d, %v", n, err)
	}
	conn := wire.NewConn(accepted, watch)
	var body wire.Body
	body.Begin(conn, buf[n:], head.Framing())
	var x forward.Exchange
	engine := forward.New(forward.Config{Watch: watch, Via: "test"})
	out := engine.Do(&x, &forward.Request{
		Client: conn, Head: &head, Body: &body, Upstream: start(t, upstream.Config{Watch: watch}, addr),
		Path: head.Path, Host: head.Host, ClientAddr: "192.0.2.1", Proto: "http", RequestID: []byte("id"),
		IdentityName: "X-User-Id", IdentityValue: []byte("7"), Identities: wire.NewNames([]string{"X-User-Id"}),
		MaxBody: maxBody, KeepAlive: true, Draining: new(atomic.Bool),
	})
	if out.Streams {
		engine.Finish(&x, &out)
	}
	conn.Close()
	got, _ := io.ReadAll(client) // the connection is reset if some of the body has not been read
	return out, string(got)
}

// echo responds with the body, after a line with some of the request's fields.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, _ = io.WriteString(w, strings.Join(r.Header.Values("X-User-Id"), ",")+" "+r.Header.Get("X-Forwarded-For")+" "+r.Header.Get("Via")+"\n")
	_, _ = w.Write(body)
}

func TestABodyIsCarriedWholeOrAsItComes(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(up.Close)
	addr := up.Listener.Addr().String()
	long := strings.Repeat("0123456789", 30_000)
	const head = "POST /a HTTP/1.1\r\nHost: a\r\nX-User-Id: 1\r\nX_User_Id: 2\r\n"
	for _, test := range []struct{ name, begin, rest, body string }{
		{"none", "GET /a HTTP/1.1\r\nHost: a\r\nX-User-Id: 1\r\n\r\n", "", ""},
		{"whole", head + "Content-Length: 3\r\n\r\nabc", "", "abc"},
		{"with a length", head + "Content-Length: 300000\r\n\r\n" + long[:10], long[10:], long},
		{"in chunks", head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "2\r\nde\r\n0\r\n\r\n", "abcde"},
		{"after a 100", head + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "abc", "abc"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, got := carry(t, addr, test.begin, test.rest, -1)
			r := bufio.NewReader(strings.NewReader(got))
			resp, err := http.ReadResponse(r, nil)
			if err == nil && resp.StatusCode == 100 {
				resp, err = http.ReadResponse(r, nil)
			}
			if err != nil {
				t.Fatalf("%v: %q", err, got)
			}
			body, err := io.ReadAll(resp.Body)
			want := "7 192.0.2.1 1.1 test\n" + test.body
			if err != nil || string(body) != want {
				t.Errorf("the client got %d bytes, want %d: %v", len(body), len(want), err)
			}
			if out.Status != 200 || !out.KeepAlive || out.BytesIn != int64(len(test.body)) || out.BytesOut != int64(len(want)) {
				t.Errorf("got %+v for a body of %d bytes and a response of %d", out, len(test.body), len(want))
			}
		})
	}
}

// reads is a replica that reads and says nothing.
func reads(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(io.Discard, c)
			}()
		}
	}()
	return l.Addr().String()
}

func TestWhatCannotBeCarriedIsAnErrorAndNothingIsSent(t *testing.T) {
	t.Parallel()
	serve := func(text string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 4096)) // the request
				_, _ = io.WriteString(c, text)
				c.Close()
			}
		}()
		return l.Addr().String()
	}
	const get, post = "GET /a HTTP/1.1\r\nHost: a\r\n", "POST /a HTTP/1.1\r\nHost: a\r\n"
	for _, test := range []struct {
		name, addr, begin, rest string
		want                    error
	}{
		{"nobody is there", "127.0.0.1:1", get + "\r\n", "", forward.ErrUnreachable},
		{"nobody is there for a body", "127.0.0.1:1", post + "Content-Length: 3\r\n\r\n", "abc", forward.ErrUnreachable},
		{"no response", serve(""), post + "\r\n", "", forward.ErrBroken},
		{"not HTTP", serve("this is not HTTP\r\n\r\n"), get + "\r\n", "", forward.ErrInvalid},
		{"half a head", serve("HTTP/1.1 200 OK\r\nA: "), get + "\r\n", "", forward.ErrInvalid},
		{"it goes round", "127.0.0.1:1", get + strings.Repeat("Via: 1.1 test\r\n", 5) + "\r\n", "", forward.ErrLoop},
		{"too large", serve(""), post + "Content-Length: 11\r\n\r\n01234567890", "", forward.ErrTooLarge},
		{"too large as it comes", reads(t), post + "Transfer-Encoding: chunked\r\n\r\n", "b\r\n01234567890\r\n0\r\n\r\n", forward.ErrTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, got := carry(t, test.addr, test.begin, test.rest, 10)
			if !errors.Is(out.Err, test.want) || out.Status != 0 || got != "" {
				t.Errorf("got %+v, and the client %q, want %v", out, got, test.want)
			}
		})
	}
}

func TestAResponseThatDoesNotBeginInTimeIsAnError(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(func() { close(over); up.Close() })
	begun := time.Now()
	out, _ := carry(t, up.Listener.Addr().String(), "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "", -1)
	if !errors.Is(out.Err, forward.ErrTimeout) || time.Since(begun) < firstByte {
		t.Errorf("got %+v after %v", out, time.Since(begun))
	}
}
