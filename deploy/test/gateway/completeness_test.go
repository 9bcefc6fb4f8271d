package gateway_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAResponseThatBreaksOff: an HTTP/1.0 client takes the end of the connection for the end of the response. So the gateway
// resets the connection if the response is not complete.
func TestAResponseThatBreaksOff(t *testing.T) {
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
	cert, key := certify(t, t.TempDir(), 1)
	plain := startGateway(t, public("/up", up))
	secret := startGateway(t, public("/up", up), "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	for name, test := range map[string]struct {
		path string
		dial func(*testing.T, string) *rawConn
		addr string
		says error
	}{
		"broken off":            {"/up/breaks", dial, plain.addr, syscall.ECONNRESET},
		"broken off within TLS": {"/up/breaks", dialTLS, secret.addr, syscall.ECONNRESET},
		"whole":                 {"/up/whole", dial, plain.addr, nil},
		"whole within TLS":      {"/up/whole", dialTLS, secret.addr, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := test.dial(t, test.addr)
			conn.send("GET " + test.path + " HTTP/1.0\r\n\r\n")
			resp, err := http.ReadResponse(conn.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			begun := make([]byte, 5)
			if _, err := io.ReadFull(resp.Body, begun); err != nil || string(begun) != "hello" {
				t.Fatalf("got %q (%v), want hello", begun, err)
			}
			if test.says != nil {
				breaks <- struct{}{}
			}
			if rest, err := io.ReadAll(resp.Body); len(rest) > 0 || !errors.Is(err, test.says) {
				t.Errorf("got %q and %v, want %v", rest, err, test.says)
			}
		})
	}
}

// dialTLS is dial within TLS.
func dialTLS(t *testing.T, addr string) *rawConn {
	t.Helper()
	within := tls.Client(dial(t, addr), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	return &rawConn{within, bufio.NewReader(within)}
}

// TestDate: a response without a Date gets one (RFC 9110 section 6.6.1).
func TestDate(t *testing.T) {
	t.Parallel()
	const theirs = "Sun, 06 Nov 1994 08:49:37 GMT"
	up := newRecorder(t, func(m message) string {
		if strings.HasSuffix(m.target, "dated") {
			return strings.Replace(okResponse, "\r\n", "\r\ndate: "+theirs+"\r\n", 1)
		}
		return okResponse
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
