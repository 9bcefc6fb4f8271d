package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"tallygate/deploy/internal/testbed"
)

// event is what every stream of these tests begins with.
const event = "data: 1\n\n"

// streams is an upstream whose responses never end.
func streams(t *testing.T) string {
	t.Helper()
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		switch _, kind, _ := strings.Cut(r.URL.Path[1:], "/"); kind {
		case "websocket":
			conn, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			defer func() { _ = conn.CloseNow() }()
			for {
				kind, data, err := conn.Read(r.Context())
				if err != nil || conn.Write(r.Context(), kind, data) != nil {
					return
				}
			}
		case "upload":
			_, _ = io.Copy(io.Discard, r.Body)
			return
		case "download":
			w.Header().Set("Content-Length", "1000000")
		}
		_, _ = io.WriteString(w, event)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
}

// stream is a call in flight, as its client sees it.
type stream struct {
	*rawConn

	socket *websocket.Conn
	body   io.Reader
}

// gate is a gateway in front of streams.
type gate struct {
	*gateway

	tls *tls.Config // nil without TLS
}

func (g *gate) dial(t *testing.T) *rawConn {
	t.Helper()
	c := dial(t, g.addr)
	if g.tls != nil {
		secure := tls.Client(c.Conn, g.tls)
		c = &rawConn{secure, bufio.NewReader(secure)}
	}
	return c
}

// open begins a call and waits until it is in flight at the upstream.
func (g *gate) open(t *testing.T, route, kind, token string) *stream {
	t.Helper()
	s := &stream{}
	if kind == "websocket" {
		ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
		t.Cleanup(cancel)
		scheme := "ws://"
		if g.tls != nil {
			scheme = "wss://"
		}
		client := newClient(t)
		client.Timeout = 0
		client.Transport.(*http.Transport).TLSClientConfig = g.tls
		var err error
		s.socket, _, err = websocket.Dial(ctx, scheme+g.addr+"/"+route+"/websocket", &websocket.DialOptions{
			HTTPClient: client, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.socket.CloseNow() })
		if err := s.echo(ctx); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s.rawConn = g.dial(t)
	head := " /" + route + "/" + kind + " HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer " + token + "\r\n"
	if kind == "upload" {
		s.send("POST" + head + "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
		if interim, err := http.ReadResponse(s.in, nil); err != nil || interim.StatusCode != http.StatusContinue {
			t.Fatalf("got %v, %v, want 100", interim, err)
		}
		s.send("hello")
		return s
	}
	s.send("GET" + head + "\r\n")
	resp, err := http.ReadResponse(s.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.body = resp.Body
	if _, err := io.ReadFull(s.body, make([]byte, len(event))); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stream) echo(ctx context.Context) error {
	if err := s.socket.Write(ctx, websocket.MessageText, []byte(event)); err != nil {
		return err
	}
	_, got, err := s.socket.Read(ctx)
	if err == nil && string(got) != event {
		err = fmt.Errorf("got %q", got)
	}
	return err
}

// ended waits for the end, and returns an error if the client cannot tell that it came before its time.
func (s *stream) ended(t *testing.T, kind, reason string) error {
	t.Helper()
	switch kind {
	case "websocket":
		_, _, err := s.socket.Read(t.Context())
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != websocket.StatusPolicyViolation || closed.Reason != reason {
			return fmt.Errorf("got %w, want 1008 %s", err, reason)
		}
	case "upload":
		r, err := s.receive("POST")
		if err != nil || r.StatusCode != http.StatusUnauthorized || r.body != `{"message":"Token is not valid"}` {
			return fmt.Errorf("got %v, %w, want 401", r, err)
		}
		if got, want := strings.Contains(r.Header.Get("WWW-Authenticate"), `"expired"`), reason == "expired"; got != want {
			return fmt.Errorf("WWW-Authenticate is %q", r.Header.Get("WWW-Authenticate"))
		}
		return s.closed()
	default:
		rest, err := io.ReadAll(s.body)
		var late net.Error
		if err == nil || len(rest) > 0 || errors.As(err, &late) && late.Timeout() {
			return fmt.Errorf("got %q, %w, want a response that breaks off", rest, err)
		}
	}
	return nil
}
