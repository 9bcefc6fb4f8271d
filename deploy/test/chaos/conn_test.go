//go:build chaos && unix

package chaos_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const callTimeout = 20 * time.Second

// conn sends one request at a time over one kept connection. Unlike net/http's client it never sends a request again, so
// the test knows how many were sent.
type conn struct {
	net.Conn
	read *bufio.Reader
}

func dial(base string) (*conn, error) {
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), callTimeout)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReader(c)}, nil
}

// root calls /root and reads the whole response. After an error the connection is of no use.
func (c *conn) root(token string) (int, error) {
	if err := c.SetDeadline(time.Now().Add(callTimeout)); err != nil {
		return 0, err
	}
	_, err := fmt.Fprintf(c, "GET /root?number=9&n=0.5 HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n\r\n", token)
	if err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.read, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	if resp.Close {
		_ = c.Close() // the next call finds it closed, before anything is sent
	}
	return resp.StatusCode, nil
}
