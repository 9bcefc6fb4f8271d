package gatewaytest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAnAnswerThatBreaksOff: to a client of HTTP/1.0 its end is the end of the connection, so that has to be a reset.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	breaks := make(chan struct{})
	up := listen(t, func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		if r.URL.Path == "/up/whole" {
			_, _ = io.WriteString(conn, "0\r\n\r\n")
			return
		}
		<-breaks
	})
	g := startGateway(t, public("/up", up))
	for path, broken := range map[string]bool{"/up/breaks": true, "/up/whole": false} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			conn.send("GET " + path + " HTTP/1.0\r\n\r\n")
			resp, err := http.ReadResponse(conn.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			begun := make([]byte, 5)
			if _, err := io.ReadFull(resp.Body, begun); err != nil || string(begun) != "hello" {
				t.Fatalf("got %q (%v), want hello", begun, err)
			}
			if broken {
				close(breaks)
			}
			if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || errors.Is(err, syscall.ECONNRESET) != broken {
				t.Errorf("got %q and %v, want a reset: %v", rest, err, broken)
			}
		})
	}
}

// TestDate is added to an answer without one (RFC 9110 section 6.6.1).
func TestDate(t *testing.T) {
	t.Parallel()
	const theirs = "Sun, 06 Nov 1994 08:49:37 GMT"
	up := newRecorder(t, func(m message) string {
		if strings.HasSuffix(m.target, "dated") {
			return strings.Replace(okAnswer, "\r\n", "\r\ndate: "+theirs+"\r\n", 1)
		}
		return okAnswer
	})
	g := startGateway(t, public("/up", up.addr))
	conn := dial(t, g.addr)
	conn.send("GET /up/dated HTTP/1.1\r\nHost: a.test\r\n\r\nGET /up HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if dates := conn.must(t, "GET").Header.Values("Date"); len(dates) != 1 || dates[0] != theirs {
		t.Errorf("got %q, want the upstream's", dates)
	}
	dates := conn.must(t, "GET").Header.Values("Date")
	if len(dates) != 1 {
		t.Fatalf("got %q, want one", dates)
	}
	at, err := http.ParseTime(dates[0])
	if age := time.Since(at); err != nil || age < -time.Second || age > time.Minute {
		t.Errorf("got %q (%v), want now", dates[0], err)
	}
}
