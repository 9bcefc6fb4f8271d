package edge_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
)

func TestTheRedirectorStopsAlthoughAConnectionIsSilent(t *testing.T) {
	t.Parallel()
	var log lines
	r := edge.NewRedirector(edge.RedirectConfig{
		Port: 8443, Requests: slog.New(slog.NewTextHandler(&log, nil)), Errors: slog.New(slog.DiscardHandler),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(l) }()
	resp, _ := call(t, l.Addr().String(), "GET /a?token=x HTTP/1.1\r\nHost: a.example\r\nX-Request-Id: mine\r\n\r\n")
	if resp.StatusCode != 308 || resp.Header.Get("X-Request-Id") != "mine" {
		t.Errorf("got %d, %v", resp.StatusCode, resp.Header)
	}
	silent, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if err := r.Shutdown(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
	_, _ = io.Copy(io.Discard, silent) // returns when the connection has ended, by whatever
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve returned %v", err)
	}
	if got := log.String(); !strings.Contains(got, "msg=request method=GET route=redirect status=308") || strings.Contains(got, "token") {
		t.Errorf("the log has %s", got)
	}
}
