package wire_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"tallygate/gateway/internal/wire"
)

// connect returns the two ends of a TCP connection. theirs is closed at the end of the test.
func connect(t *testing.T) (ours net.Conn, theirs *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close() })
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return ours, dialed.(*net.TCPConn)
}

// pair is connect with our end watched.
func pair(t *testing.T, w *wire.Watch) (*wire.Conn, net.Conn) {
	t.Helper()
	ours, theirs := connect(t)
	c := wire.NewConn(ours, w)
	t.Cleanup(c.Close)
	return c, theirs
}

// watch returns a running Watch.
func watch(t *testing.T) *wire.Watch {
	t.Helper()
	w := wire.NewWatch()
	go w.Run(t.Context())
	return w
}

// leave handles no message: Await returns it to its caller.
func leave(*wire.Buffer) bool { return false }

func TestAConnectionIsStoppedWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	c, _ := pair(t, watch(t))
	c.SetTimeout(50 * time.Millisecond)
	_, err := c.Await(wire.NewPool(nil), leave)
	if !errors.Is(err, os.ErrDeadlineExceeded) || c.Stopped() != wire.TimedOut {
		t.Errorf("got %v, stopped %d", err, c.Stopped())
	}
	if c.ClearTimeout() {
		t.Error("a connection that was stopped can be used again")
	}
}

func TestATimeoutThatIsClearedDoesNothing(t *testing.T) {
	t.Parallel()
	w := wire.NewWatch()
	c, theirs := pair(t, w)
	c.SetTimeout(time.Nanosecond)
	if !c.ClearTimeout() {
		t.Fatal("stopped before anybody looked")
	}
	w.Look()
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	b, err := c.Await(wire.NewPool(nil), leave)
	if err != nil || string(b.Bytes()) != "x" {
		t.Errorf("got %v", err)
	}
}

func TestAClientThatIsGoneStopsTheUpstreamsConnection(t *testing.T) {
	t.Parallel()
	w := watch(t)
	client, browser := pair(t, w)
	upstream, _ := pair(t, w)
	upstream.SetTimeout(time.Hour)
	client.Serves(upstream)
	browser.Close()
	_, err := upstream.Exchange([]byte("request"), fixed(make([]byte, 10)))
	if err == nil || upstream.Stopped() != wire.ClientGone {
		t.Errorf("got %v, stopped %d, want %d", err, upstream.Stopped(), wire.ClientGone)
	}
}

func TestAnExchangeReturnsTheResponsesFirstBytes(t *testing.T) {
	t.Parallel()
	c, theirs := pair(t, watch(t))
	go func() {
		buf := make([]byte, 100)
		for range 3 {
			n, err := theirs.Read(buf)
			if err != nil {
				return
			}
			_, _ = theirs.Write(append([]byte("re: "), buf[:n]...)) // the test sees what is missing
		}
		theirs.Close()
	}()
	in := make([]byte, 100)
	for _, request := range []string{"one", "two", "three"} {
		n, err := c.Exchange([]byte(request), fixed(in))
		if err != nil || string(in[:n]) != "re: "+request {
			t.Errorf("%s: got %q, %v", request, in[:n], err)
		}
	}
	if n, err := c.Exchange([]byte("four"), fixed(in)); n != 0 || err == nil {
		t.Errorf("after the end: got %d, %v", n, err)
	}
}

func TestAConnectionWithUnreadBytesIsNotIdle(t *testing.T) {
	t.Parallel()
	c, theirs := pair(t, watch(t))
	if !c.Idle() {
		t.Error("a silent connection is not idle")
	}
	if _, err := theirs.Write([]byte("HTTP/1.1 408 Too Late\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for c.Idle() {
		if time.Now().After(deadline) {
			t.Fatal("it is still idle")
		}
	}
}

func TestAnUpstreamThatClosedIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	w := watch(t)
	c, theirs := pair(t, w)
	if _, err := theirs.Write([]byte("response")); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	c.SetTimeout(time.Hour)
	for range 3 {
		w.Look()
	}
	if got, err := io.ReadAll(c); string(got) != "response" || err != nil {
		t.Errorf("got %q, %v, stopped %d", got, err, c.Stopped())
	}
}

func TestAClientThatIsGoneWhileItIsIdleIsStopped(t *testing.T) {
	t.Parallel()
	w := wire.NewWatch()
	c, theirs := pair(t, w)
	theirs.Close()
	if _, err := io.ReadAll(c); err != nil { // its end has come
		t.Fatal(err)
	}
	c.SetIdleTimeout(time.Hour)
	for range 3 {
		w.Look()
	}
	if c.Stopped() != wire.ClientGone {
		t.Errorf("got %d, want %d", c.Stopped(), wire.ClientGone)
	}
}

// crowded returns a connection whose kernel holds so much that a write blocks until long after the peer has begun to read.
func crowded(t *testing.T) (*wire.Conn, net.Conn) {
	t.Helper()
	ours, theirs := connect(t)
	if err := theirs.SetReadBuffer(64 << 10); err != nil { // ours grows to megabytes by itself
		t.Fatal(err)
	}
	c := wire.NewConn(ours, watch(t))
	c.WriteTimeout = 300 * time.Millisecond
	t.Cleanup(c.Close)
	return c, theirs
}

func TestAWriterOfASteadySlowReaderIsNotStopped(t *testing.T) {
	t.Parallel()
	c, theirs := crowded(t)
	sent := make(chan error, 1)
	const blocks, block = 96, 64 << 10
	go func() {
		var err error
		for range blocks {
			if err == nil {
				_, err = c.Write(make([]byte, block))
			}
		}
		c.CloseWrite()
		sent <- err
	}()
	piece := make([]byte, 32<<10)
	pace := time.NewTicker(20 * time.Millisecond) // to empty a third of the writer's buffer takes far longer than the timeout
	defer pace.Stop()
	read := 0
	for range pace.C {
		n, err := theirs.Read(piece)
		if read += n; err != nil {
			break
		}
	}
	if err := <-sent; err != nil || read != blocks*block {
		t.Errorf("got %d bytes of %d, %v, stopped %d", read, blocks*block, err, c.Stopped())
	}
}

func TestAWriterOfAReaderThatTakesNothingIsStopped(t *testing.T) {
	t.Parallel()
	c, _ := crowded(t)
	var err error
	for err == nil {
		_, err = c.Write(make([]byte, 64<<10))
	}
	if c.Stopped() != wire.TimedOut {
		t.Errorf("got %v, stopped %d, want %d", err, c.Stopped(), wire.TimedOut)
	}
}

func TestReadsDoNotKeepAWriteAlive(t *testing.T) {
	t.Parallel()
	c, _ := crowded(t)
	c.SetTimeout(time.Hour)
	go func() {
		for c.ClearTimeout() { // as a reader does at each piece
			c.SetTimeout(time.Hour)
		}
	}()
	var err error
	for err == nil {
		_, err = c.Write(make([]byte, 64<<10))
	}
	if c.Stopped() != wire.TimedOut {
		t.Errorf("got %v, stopped %d, want %d", err, c.Stopped(), wire.TimedOut)
	}
}

func TestACutStopsTheUpstreamsConnectionOnlyWhileItServes(t *testing.T) {
	t.Parallel()
	w := wire.NewWatch()
	for _, serves := range []bool{true, false} {
		client, _ := pair(t, w)
		upstream, _ := pair(t, w)
		upstream.SetTimeout(time.Hour)
		client.Serves(upstream)
		want := wire.ClientGone
		if !serves {
			client.Serves(nil)
			upstream.SetTimeout(time.Hour) // for another client
			want = 0
		}
		client.Cut(wire.Unwanted)
		if client.Stopped() != wire.Unwanted || upstream.Stopped() != want {
			t.Errorf("serves %t: the client's is stopped by %d, the upstream's by %d", serves, client.Stopped(), upstream.Stopped())
		}
	}
}
