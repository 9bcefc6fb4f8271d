package wire_test

import (
	"fmt"
	"testing"

	"tallygate/gateway/internal/wire"
)

func describe(r *wire.Request) string {
	raw, sure := r.RawPath()
	text := fmt.Sprintf("%q %d %v %q %q %q %q %q %v %v", raw, sure, r.Sign, r.Method, r.Path, r.Query, r.Host, r.RequestID, r.Nominated([]byte("x-hop")), r.Nominated([]byte("te")))
	for i := range r.Fields() {
		f := r.Field(i)
		text += fmt.Sprintf(" %q=%q", f.Name, f.Value)
	}
	return text
}

func TestAHeadCanMove(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"GET /a%41b/c?q=1 HTTP/1.1\r\nHost: a.test\r\nConnection: x-hop, te\r\nX-Request-Id: r1\r\nX-Empty:\r\n\r\n",
		"POST http://a.test/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhel",
		"\r\nGET / HTTP/1.0\r\n\r\n", "POST http://a.test HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhel",
		"GET /[a]/ä?q=[1] HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET /a?ö HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET /a;b//c%2fd/ä HTTP/1.1\r\nHost: a.test\r\n\r\n",
	} {
		memory := make([]byte, 4096)
		from := memory[:copy(memory, text)]
		var r wire.Request
		n, err := r.Parse(from)
		if err != nil || n == 0 {
			t.Fatalf("%q: %d, %v", text, n, err)
		}
		var body wire.Body
		body.Begin(nil, from[n:], r.Framing())
		want := describe(&r)
		to := append([]byte(nil), from...)
		r.Move(from, to)
		body.Move(from, to)
		clear(memory)
		if got := describe(&r); got != want {
			t.Errorf("%q: got\n%s, want\n%s", text, got, want)
		}
		if body.Pending() {
			early, err := body.Early(fixed(make([]byte, 10)))
			if early != 3 || err != nil {
				t.Errorf("%q: %d bytes came early, %v", text, early, err)
			}
		}
	}
}
