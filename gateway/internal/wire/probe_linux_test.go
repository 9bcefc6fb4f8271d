package wire_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/wire"
)

// halfClosed is a client that has ended its sending direction and waits for the upstream's response. probed are the bytes that
// the watch has sent it when it returns.
func halfClosed(t *testing.T, w *wire.Watch, next func(*wire.Conn)) (client, upstream *wire.Conn, browser net.Conn) {
	t.Helper()
	client, browser = pair(t, w)
	upstream, _ = pair(t, w)
	upstream.SetTimeout(time.Hour)
	client.Serves(upstream)
	next(client)
	if err := browser.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	return client, upstream, browser
}

// first reads the byte that a probe sends.
func first(t *testing.T, browser net.Conn) string {
	t.Helper()
	_ = browser.SetReadDeadline(time.Now().Add(20 * time.Second)) // a test that hangs fails
	var b [1]byte
	if _, err := io.ReadFull(browser, b[:]); err != nil {
		t.Fatal(err)
	}
	return string(b[:])
}

func TestAHalfClosedClientGetsItsResponseWhole(t *testing.T) {
	t.Parallel()
	client, upstream, browser := halfClosed(t, watch(t), func(*wire.Conn) {})
	got := first(t, browser)
	for _, text := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok"} {
		if n, err := client.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("got %d, %v, want %d", n, err, len(text))
		}
	}
	client.CloseWrite()
	rest, err := io.ReadAll(browser)
	if got += string(rest); got != "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if upstream.Stopped() != 0 {
		t.Errorf("the upstream's connection was stopped: %d", upstream.Stopped())
	}
}

func TestAHalfClosedClientOfChunksGetsThemWhole(t *testing.T) {
	t.Parallel()
	client, upstream, browser := halfClosed(t, watch(t), func(c *wire.Conn) {
		_, _ = c.Write(nil) // the head
		c.AwaitsChunk()
	})
	got := first(t, browser)
	_, _ = client.Write([]byte("2\r\nok\r\n")) // what has come is looked at below
	client.AwaitsChunk()
	_, _ = client.Write([]byte(wire.LastChunk))
	client.CloseWrite()
	rest, err := io.ReadAll(browser)
	if got += string(rest); got != "02\r\nok\r\n0\r\n\r\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if upstream.Stopped() != 0 || client.Unfinished() {
		t.Errorf("stopped %d, unfinished %v", upstream.Stopped(), client.Unfinished())
	}
}

func TestAChunkThatHasBegunIsUnfinished(t *testing.T) {
	t.Parallel()
	client, _, browser := halfClosed(t, watch(t), func(c *wire.Conn) {
		_, _ = c.Write(nil) // the head
		c.AwaitsChunk()
	})
	if got := first(t, browser); got != "0" || !client.Unfinished() {
		t.Errorf("got %q, want a zero and an unfinished chunk", got)
	}
}

func TestAClientThatIsGoneWithinChunksStopsTheUpstreamsConnection(t *testing.T) {
	t.Parallel()
	_, upstream, browser := halfClosed(t, watch(t), func(c *wire.Conn) {
		_, _ = c.Write(nil) // the head
		c.AwaitsChunk()
	})
	browser.Close()
	if _, err := upstream.Exchange([]byte("request"), fixed(make([]byte, 10))); err == nil || upstream.Stopped() != wire.ClientGone {
		t.Errorf("got %v, stopped %d, want %d", err, upstream.Stopped(), wire.ClientGone)
	}
}

// What comes next is not known while the owner writes: then nothing is sent.
func TestNobodyElseWritesWhileNothingIsAwaited(t *testing.T) {
	t.Parallel()
	w := wire.NewWatch()
	client, upstream, browser := halfClosed(t, w, func(c *wire.Conn) { _, _ = c.Write(nil) })
	for range 10 {
		w.Look()
	}
	_, _ = client.Write([]byte("body")) // what has come is looked at below
	client.CloseWrite()
	if got, err := io.ReadAll(browser); string(got) != "body" || err != nil || upstream.Stopped() != 0 {
		t.Errorf("got %q, %v, stopped %d", got, err, upstream.Stopped())
	}
}

// The watch and the owner write at the same moment, again and again.
func TestAProbeAndAResponseDoNotMix(t *testing.T) {
	t.Parallel()
	const response = "HTTP/1.1 204 No Content\r\n\r\n"
	for range 200 {
		w := wire.NewWatch()
		client, _, browser := halfClosed(t, w, func(*wire.Conn) {})
		w.Look()
		var both sync.WaitGroup
		both.Go(w.Look)
		both.Go(func() {
			_, _ = client.Write([]byte(response)) // what has come is looked at below
			client.CloseWrite()
		})
		both.Wait()
		if got, err := io.ReadAll(browser); string(got) != response || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

// Zeros before a size are no part of it.
func TestAChunkWithZerosBeforeItsSizeIsTheSame(t *testing.T) {
	t.Parallel()
	block := bytes.Repeat([]byte("x"), wire.ChunkHeadroom+64<<10+wire.ChunkTailroom)
	text := "00000000" + string(wire.FrameChunk(block, wire.ChunkHeadroom, wire.ChunkHeadroom+64<<10)) + "00000000" + wire.LastChunk
	if got, _, done, err := decode(text, len(text)); len(got) != 64<<10 || strings.Trim(got, "x") != "" || !done || err != nil {
		t.Errorf("got %d bytes, done %v, %v", len(got), done, err)
	}
}
