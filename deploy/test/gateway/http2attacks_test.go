package gateway_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tallygate/deploy/internal/testbed"
)

// framer is a client that sends what it likes.
type framer struct {
	*http2.Framer

	conn    *tls.Conn
	block   bytes.Buffer
	encoder *hpack.Encoder
}

// dialFrames begins a connection of HTTP/2.
func dialFrames(t *testing.T, g *gateway, settings ...http2.Setting) *framer {
	t.Helper()
	conn, err := tls.Dial("tcp", g.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(2 * testbed.Patience)); err != nil {
		t.Fatal(err)
	}
	f := &framer{Framer: http2.NewFramer(conn, conn), conn: conn}
	f.encoder = hpack.NewEncoder(&f.block)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteSettings(settings...); err != nil {
		t.Fatal(err)
	}
	return f
}

// head is a request's head in HPACK.
func (f *framer) head(method, path string, more ...hpack.HeaderField) []byte {
	f.block.Reset()
	fields := []hpack.HeaderField{{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "a.test"}, {Name: ":path", Value: path}}
	for _, field := range append(fields, more...) {
		_ = f.encoder.WriteField(field) // to memory
	}
	return bytes.Clone(f.block.Bytes())
}

// refused reads until the connection is ended, and returns the code of its GOAWAY; "closed" without one.
func (f *framer) refused() string {
	for code := "closed"; ; {
		frame, err := f.ReadFrame()
		if _, stream := errors.AsType[http2.StreamError](err); err != nil && !stream {
			return code
		}
		if away, ok := frame.(*http2.GoAwayFrame); ok {
			code = away.ErrCode.String()
		}
	}
}

// http2Attacks are what clients send again and again until it fails, and how their connections end.
var http2Attacks = map[string]struct {
	send func(f *framer, i uint32) error // until it fails
	want []string
}{
	"rapid reset": {func(f *framer, i uint32) error {
		id := 2*i + 1
		err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: f.head("GET", "/c/wait"), EndStream: true, EndHeaders: true})
		return errors.Join(err, f.WriteRSTStream(id, http2.ErrCodeCancel))
	}, []string{"ENHANCE_YOUR_CALM"}},
	"a head without an end": {func(f *framer, i uint32) error {
		if i == 0 {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.head("GET", "/c")})
		}
		return f.WriteContinuation(1, false, f.head("x", "y", hpack.HeaderField{Name: "x", Value: strings.Repeat("z", 1000)}))
	}, []string{"ENHANCE_YOUR_CALM", "PROTOCOL_ERROR", "closed"}},
	"a head of empty parts": {func(f *framer, i uint32) error {
		if i == 0 {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.head("GET", "/c")})
		}
		return f.WriteContinuation(1, false, nil)
	}, []string{"ENHANCE_YOUR_CALM"}},
	"pings":        {func(f *framer, _ uint32) error { return f.WritePing(false, [8]byte{}) }, []string{"ENHANCE_YOUR_CALM"}},
	"settings":     {func(f *framer, _ uint32) error { return f.WriteSettings() }, []string{"ENHANCE_YOUR_CALM"}},
	"priorities":   {func(f *framer, _ uint32) error { return f.WritePriority(1, http2.PriorityParam{StreamDep: 3}) }, []string{"ENHANCE_YOUR_CALM"}},
	"tiny windows": {func(f *framer, _ uint32) error { return f.WriteWindowUpdate(0, 1) }, []string{"ENHANCE_YOUR_CALM"}},
	"empty data": {func(f *framer, i uint32) error {
		if i == 0 {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.head("POST", "/c"), EndHeaders: true})
		}
		return f.WriteData(1, false, nil)
	}, []string{"ENHANCE_YOUR_CALM"}},
	// A field of 4 KB that is in the table costs a byte to name again.
	"a bomb of HPACK": {func(f *framer, i uint32) error {
		more := []hpack.HeaderField{{Name: "x", Value: strings.Repeat("z", 3900)}}
		block := f.head("GET", "/c", more...)
		block = append(block, bytes.Repeat([]byte{0x80 | 62}, 16_000-len(block)%16_000)...)
		if len(block) > 16_000 {
			block = block[:16_000]
		}
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 2*i + 1, BlockFragment: block, EndStream: true, EndHeaders: true})
	}, nil},
}

// TestHTTP2Attacks: clients that send work and no requests are cut off, in little memory. The others are served.
func TestHTTP2Attacks(t *testing.T) {
	t.Parallel()
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/wait" {
			<-r.Context().Done()
		}
		_, _ = io.Copy(w, r.Body)
	})
	g, client := startHTTP2(t, public("/c", up))
	for name, attack := range http2Attacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := dialFrames(t, g)
			ended := make(chan string, 1)
			go func() { ended <- f.refused() }()
			for i := range uint32(100_000) {
				if attack.want == nil && i == 1000 || attack.send(f, i) != nil {
					break
				}
			}
			if attack.want == nil {
				_ = f.conn.Close()
			}
			if got := <-ended; attack.want != nil && !strings.Contains(strings.Join(attack.want, " "), got) {
				t.Errorf("the connection ended with %s, want one of %v", got, attack.want)
			}
			if _, err := fetch(client, g.httpsURL("/c")); err != nil {
				t.Errorf("another client: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		peak, err := testbed.PeakMemory(g.PID())
		if err == nil && peak > 160<<20 {
			t.Errorf("the gateway has taken %d MiB", peak>>20)
		}
	})
}

// TestHTTP2ClientsThatTakeNothing: a response that its client has no window for is held up alone: the upstream is not read on, and other
// streams and clients are served.
func TestHTTP2ClientsThatTakeNothing(t *testing.T) {
	t.Parallel()
	written := make(chan int, 1000)
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/c/much" {
			return
		}
		for range 1000 {
			n, err := w.Write(make([]byte, 64<<10))
			if err != nil {
				return
			}
			written <- n
		}
	})
	g, client := startHTTP2(t, public("/c", up))
	f := dialFrames(t, g, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.head("GET", "/c/much"), EndStream: true, EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	<-written
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: f.head("GET", "/c/none"), EndStream: true, EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
	for headers := map[uint32]bool{}; !headers[3]; {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := frame.(*http2.DataFrame); ok && len(data.Data()) > 0 {
			t.Fatalf("got %d bytes without a window", len(data.Data()))
		}
		if _, ok := frame.(*http2.HeadersFrame); ok {
			headers[frame.Header().StreamID] = true
		}
	}
	if _, err := fetch(client, g.httpsURL("/c")); err != nil {
		t.Errorf("another client: %v", err)
	}
	if held := len(written); held > 200 { // of 64 KiB: the kernel's buffers
		t.Errorf("the upstream got rid of %d pieces", held)
	}
	if err := f.WriteRSTStream(1, http2.ErrCodeCancel); err != nil {
		t.Fatal(err)
	}
}
