package edge_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/upstream"
)

// breaker is a log handler that panics when a replica is ejected, as the call's goroutine logs it. looked gets how many calls
// are looked at when that panic is logged.
type breaker struct {
	slog.Handler
	server <-chan *edge.Server
	looked chan<- int
}

func (b breaker) Enabled(context.Context, slog.Level) bool { return true }

func (b breaker) Handle(_ context.Context, r slog.Record) error {
	switch {
	case strings.HasPrefix(r.Message, "replica is ejected"):
		panic("as the test wants it")
	case r.Message == "panic while serving":
		b.looked <- (<-b.server).Lasting(later())
	}
	return nil
}

// TestACallThatPanicsIsLookedAtNoMore: what looks at it afterwards would find it without its connection.
func TestACallThatPanicsIsLookedAtNoMore(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for name, request := range map[string]string{
		"in one piece": whole,
		"streamed":     post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	} {
		servers, looked := make(chan *edge.Server, 1), make(chan int, 1)
		log := slog.New(breaker{slog.DiscardHandler, servers, looked})
		server, addr := serverWith(t, edge.Config{Log: log}, upstream.Config{}, locked("/a", nobody))
		servers <- server
		c, _ := dial(t, addr)
		send(t, c, request)
		select {
		case n := <-looked:
			if n != 0 {
				t.Errorf("%s: got %d calls that are looked at", name, n)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: no panic", name)
		}
	}
}
