package gateway_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// rawConn is a client's connection on which a test writes any bytes.
type rawConn struct {
	net.Conn

	in *bufio.Reader
}

func dial(t *testing.T, addr string) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testbed.Patience)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{conn, bufio.NewReader(conn)}
}

// send writes the text. It ignores errors: the gateway may stop reading a message that it refuses.
func (c *rawConn) send(text string) { _, _ = io.WriteString(c, text) }

// reply is a response as the client got it.
type reply struct {
	*http.Response

	body string
}

// receive reads the next response that is not 100 or 103. It returns io.EOF if the connection has ended.
func (c *rawConn) receive(method string) (reply, error) {
	for {
		resp, err := http.ReadResponse(c.in, &http.Request{Method: method})
		if err != nil {
			var reset *net.OpError
			if errors.As(err, &reset) && !reset.Timeout() || errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			return reply{}, err
		}
		if resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return reply{resp, ""}, nil
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return reply{}, fmt.Errorf("the response's body: %w", err)
		}
		return reply{resp, string(body)}, nil
	}
}

// must is receive for tests that expect a response.
func (c *rawConn) must(t *testing.T, method string) reply {
	t.Helper()
	r, err := c.receive(method)
	if err != nil {
		t.Fatalf("no response: %v", err)
	}
	return r
}

// closed waits for the gateway to end the connection without another byte.
func (c *rawConn) closed() error {
	more, err := io.ReadAll(c.in)
	if len(more) > 0 {
		return fmt.Errorf("got %.200q after the response, want the end of the connection", more)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("the connection stays open")
	}
	return nil
}

// problem returns what is wrong with one of the gateway's own error responses. It returns nil if the response is a problem in
// the form of the contract.
func (r reply) problem() error {
	var p struct {
		Type, Title, Detail, Message string
		Status                       int
	}
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		return fmt.Errorf("status %d: got Content-Type %q and %.100q, want application/problem+json", r.StatusCode, got, r.body)
	}
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		return fmt.Errorf("body %.200q: %w", r.body, err)
	}
	if p.Status != r.StatusCode || p.Message == "" || p.Message != p.Detail || p.Title == "" || !strings.HasPrefix(p.Type, "/problems/") {
		return fmt.Errorf("got %s, want status %d and detail equal to message", r.body, r.StatusCode)
	}
	if r.Header.Get("X-Request-Id") == "" {
		return errors.New("the response has no X-Request-Id")
	}
	return nil
}
