package edge_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/wire"
)

const unauthorizedUpload = "POST /locked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

// Many clients look for a response only when they have sent their whole body.
func TestAClientThatReadsAfterItsBodyGetsTheEarlyResponse(t *testing.T) {
	t.Parallel()
	small := open("/small", rawReplica(t, func(c net.Conn, _ *bufio.Reader) { _, _ = io.Copy(io.Discard, c) }))
	small.MaxBody = 1000
	gw := gate(t, locked("/locked", "127.0.0.1:1"), small)
	for path, status := range map[string]int{"/locked": 401, "/small": 413, "/nothing": 404} {
		for _, framing := range []string{"Content-Length: 33554432\r\n", "Transfer-Encoding: chunked\r\n"} {
			t.Run(path+" "+framing[:7], func(t *testing.T) {
				t.Parallel()
				c, r := dial(t, gw)
				send(t, c, "POST "+path+" HTTP/1.1\r\nHost: a\r\n"+framing+"\r\n")
				piece := strings.Repeat("x", 1<<20)
				if framing[0] == 'T' {
					piece = "100000\r\n" + piece + "\r\n"
				}
				for range 32 {
					send(t, c, piece) // an error is what honest programs give up on
				}
				if resp, _ := response(t, r, "POST"); resp.StatusCode != status || !resp.Close {
					t.Errorf("got %d, close %v, want %d and a closed connection", resp.StatusCode, resp.Close, status)
				}
				if !closed(r) {
					t.Error("the connection stays open")
				}
			})
		}
	}
}

// lingers starts a gate with these bounds.
func lingers(t *testing.T, cfg edge.Config, idle, most time.Duration, bytes int64) string {
	t.Helper()
	return gateWith(t, cfg.WithLinger(idle, most, bytes), locked("/locked", "127.0.0.1:1"))
}

// cut waits until the gate has given up the connection, on which the client keeps sending.
func cut(t *testing.T, c net.Conn, piece string, pause time.Duration) {
	t.Helper()
	for {
		if _, err := io.WriteString(c, piece); err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // package net returns it as it is
				t.Fatal("the connection is held")
			}
			return
		}
		<-time.After(pause)
	}
}

func TestAClientThatNeverStopsSendingIsCut(t *testing.T) {
	t.Parallel()
	const long = time.Hour
	for name, row := range map[string]struct {
		idle, most time.Duration
		bytes      int64
		piece      string
		pause      time.Duration
	}{
		"drop by drop":      {long, 300 * time.Millisecond, 1 << 40, "x", 10 * time.Millisecond},
		"as fast as it can": {long, 300 * time.Millisecond, 1 << 40, strings.Repeat("x", 1<<16), 0},
		"too much":          {long, long, 16 << 20, strings.Repeat("x", 1<<16), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, r := dial(t, lingers(t, edge.Config{}, row.idle, row.most, row.bytes))
			send(t, c, unauthorizedUpload)
			if resp, _ := response(t, r, "POST"); resp.StatusCode != 401 {
				t.Errorf("got %d, want 401", resp.StatusCode)
			}
			cut(t, c, row.piece, row.pause)
		})
	}
}

func TestAClientThatStaysSilentAfterItsResponseIsClosedAndHoldsNoBuffer(t *testing.T) {
	t.Parallel()
	budget := wire.NewBudget(1 << 30)
	gw := lingers(t, edge.Config{Budget: budget}, 500*time.Millisecond, time.Hour, 1<<40)
	c, r := dial(t, gw)
	send(t, c, unauthorizedUpload+"5\r\nhello\r\n")
	response(t, r, "POST")
	if !closed(r) {
		t.Error("got no end of the response's direction")
	}
	deadline, least := time.Now().Add(10*time.Second), int64(1<<30)
	for used := budget.Used(); used > 0; used = budget.Used() {
		if least = min(least, used); time.Now().After(deadline) {
			t.Fatal("the connection is held")
		}
		<-time.After(time.Millisecond)
	}
	if least > 8<<10 {
		t.Errorf("it holds %d bytes, want no more than a connection's", least)
	}
}

func TestAClientThatHasHadItsResponseMakesRoom(t *testing.T) {
	t.Parallel()
	gw := lingers(t, edge.Config{MaxConnections: 1}, time.Hour, time.Hour, 1<<40)
	c, r := dial(t, gw)
	send(t, c, unauthorizedUpload)
	response(t, r, "POST")
	if !closed(r) {
		t.Error("got no end of the response's direction")
	}
	if resp, _ := call(t, gw, "GET /docs HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 200 {
		t.Errorf("got %d, want 200: a client that has had its response keeps others out", resp.StatusCode)
	}
}
