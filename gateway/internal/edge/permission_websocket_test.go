package edge_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/kit/token"
)

const (
	upgrade  = "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
	upgraded = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
)

func TestAWebSocketIsClosedWhenItsPermissionEnds(t *testing.T) {
	t.Parallel()
	const invalid = "\x88\x09\x03\xf0invalid" // a close frame with the status 1008
	long := "\x82\x7e\x01\x00" + strings.Repeat("p", 256)
	for name, test := range map[string]struct {
		sent []string // by the replica, each when the one before has come through
		late string   // sent when the permission has ended
		want string   // what the client gets after what was sent
	}{
		"before the first frame":          {nil, "", invalid},
		"between frames":                  {[]string{"\x81\x02hi", long}, "", invalid},
		"between parts of a message":      {[]string{"\x01\x02hi"}, "", invalid},
		"after a frame without a payload": {[]string{"\x89\x00"}, "", invalid},
		"within a payload":                {[]string{long[:100]}, long[100:], long[100:] + invalid},
		"within a head":                   {[]string{long[:3]}, long[3:] + "\x81\x02hi", long[3:] + invalid},
		"within a head of ten bytes":      {[]string{"\x82\x7f\x00\x00"}, "\x00\x00\x00\x01\x00\x00" + strings.Repeat("p", 1<<16), "\x00\x00\x00\x01\x00\x00" + strings.Repeat("p", 1<<16) + invalid},
		"after the server's close frame":  {[]string{"\x88\x02\x03\xe8"}, "", ""},
		"bytes that are no frames":        {[]string{"garbage"}, "", ""},
		"frames of a client":              {[]string{"\x81\x82\x00\x00\x00\x00hi"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, upgrade, upgraded, nil)
			resp, err := http.ReadResponse(e.in, nil)
			if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("got %v, %v", resp, err)
			}
			out := 0
			for _, text := range test.sent {
				e.send <- text
				got := make([]byte, len(text))
				if _, err := io.ReadFull(e.in, got); err != nil || string(got) != text {
					t.Fatalf("got %q, %v", got, err)
				}
				out += len(text)
			}
			e.revoke(token.ErrInvalid)
			if test.late != "" {
				e.send <- test.late
			}
			rest, err := io.ReadAll(e.in)
			if err != nil || string(rest) != test.want {
				t.Errorf("got %.200q, %v, want %.200q and the end", rest, err, test.want)
			}
			out += len(bytes.TrimSuffix(rest, []byte(invalid)))
			e.ended(usage{Requests: 1, Units: 1, BytesOut: out}, "101", "invalid")
		})
	}
}

// TestAWebSocketInTheMiddleOfAFrameIsCut: the rest of the frame does not come.
func TestAWebSocketWhoseFrameDoesNotEndIsCut(t *testing.T) {
	t.Parallel()
	e := begin(t, upgrade, upgraded, nil)
	if _, err := http.ReadResponse(e.in, nil); err != nil {
		t.Fatal(err)
	}
	e.send <- "\x82\x0ahalf"
	if _, err := io.ReadFull(e.in, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	e.revoke(token.ErrInvalid)
	e.server.Recheck(later())
	if rest, err := io.ReadAll(e.in); len(rest) > 0 {
		t.Errorf("got %q, %v, want the end", rest, err)
	}
	e.ended(usage{Requests: 1, Units: 1, BytesOut: 6}, "101", "invalid")
}

// TestAClientThatTakesNothingIsCut: it cannot keep its connection by not reading.
func TestAClientThatTakesNothingIsCutWhenItsPermissionEnds(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"a response":  "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
		"a WebSocket": upgraded + "\x82\x7f\x00\x00\x00\x00\x3f\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, strings.Replace(upgrade, "Connection: Upgrade", "Connection: upgrade", 1), head, nil)
			stuck := make(chan struct{})
			go func() {
				block := strings.Repeat("x", 1<<20)
				for {
					select {
					case e.send <- block:
					case <-time.After(500 * time.Millisecond): // nothing moves any more
						close(stuck)
						return
					}
				}
			}()
			<-stuck
			e.revoke(token.ErrInvalid)
			e.server.Recheck(later())
			select {
			case <-e.broken:
			case <-time.After(5 * time.Second):
				t.Error("the request goes on at the upstream")
			}
			n, err := io.Copy(io.Discard, e.in)
			if err == nil {
				t.Errorf("the client gets all that was under way, %d bytes, want a reset", n)
			}
		})
	}
}
