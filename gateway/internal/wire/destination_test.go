package wire_test

import (
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

func TestARequestIsSentOnToItsDestination(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, request string
		to            wire.Destination
		cut           int // bytes of the path that are left out
		want          string
	}{
		{"as it is", "GET /a/b?c HTTP/1.1\r\nHost: x\r\n\r\n", wire.Destination{DefaultHost: "up"}, 0, "GET /a/b?c HTTP/1.1\r\nHost: x\r\n"},
		{"below a base path", "GET /a/b?c HTTP/1.1\r\nHost: x\r\n\r\n", wire.Destination{Base: "/base/2"}, 0, "GET /base/2/a/b?c HTTP/1.1\r\nHost: x\r\n"},
		{"below a base path, without its own beginning", "GET /a/b HTTP/1.1\r\nHost: x\r\n\r\n", wire.Destination{Base: "/base"}, 2, "GET /base/b HTTP/1.1\r\nHost: x\r\n"},
		{"the asterisk has no path", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", wire.Destination{Base: "/base"}, 0, "OPTIONS * HTTP/1.1\r\nHost: x\r\n"},
		{"under another name", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", wire.Destination{Host: "up:81", DefaultHost: "no"}, 0, "GET / HTTP/1.1\r\nHost: up:81\r\n"},
		{"without a name of its own", "GET / HTTP/1.0\r\n\r\n", wire.Destination{DefaultHost: "up"}, 0, "GET / HTTP/1.1\r\nHost: up\r\n"},
		{"without a name of its own, under another", "GET / HTTP/1.0\r\n\r\n", wire.Destination{Host: "up", DefaultHost: "no"}, 0, "GET / HTTP/1.1\r\nHost: up\r\n"},
	} {
		var r wire.Request
		if n, err := r.Parse([]byte(test.request)); err != nil || n == 0 {
			t.Fatalf("%s: %v", test.name, err)
		}
		test.to.Path = r.Path[test.cut:]
		w := wire.StartRequest(nil, &r, test.to)
		if got := string(w.EndRequest(wire.Unframed)); got != test.want+"\r\n" {
			t.Errorf("%s: got %q", test.name, got)
		}
		body := "\r\nHost: no\r\n"
		again := string(wire.Readdress(append(w.EndRequest(wire.Unframed), body...), "another.example:7"))
		line, _, _ := strings.Cut(test.want, "\r\n")
		if want := line + "\r\nHost: another.example:7\r\n\r\n"; !strings.HasPrefix(again, want) || !strings.HasSuffix(again, body) {
			t.Errorf("%s, readdressed: got %q", test.name, again)
		}
	}
}

func TestADestinationThatIsNoneIsAMistakeInTheProgram(t *testing.T) {
	t.Parallel()
	for _, to := range []wire.Destination{{Base: "base"}, {Base: "/a b"}, {Base: "/a\r\nb: c"}, {Base: "/a?b"}, {Host: "a\r\nb: c"}, {Host: "[b]"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v is taken", to)
				}
			}()
			var r wire.Request
			if n, err := r.Parse([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil || n == 0 {
				t.Fatal(err)
			}
			to.Path = r.Path
			wire.StartRequest(nil, &r, to)
		}()
	}
}
