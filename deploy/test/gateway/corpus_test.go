package gateway_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// outcome is what the gateway has to do with a message.
type outcome int

const (
	refused   outcome = iota // 400, the connection closed, nothing at the upstream
	declined                 // another 4xx, 501 or 505, nothing at the upstream
	passed                   // 200, one request at the upstream
	passedTwo                // two requests, each with its response
	either                   // refused, declined or passed: every server reads it alike, and the RFC allows to refuse it
	cutOff                   // the client breaks off: any 4xx or none, nothing at the upstream
)

// raw is one message of the corpus. In its text, @ stands for the path of the message. & stands for the path of a smuggled
// request: no upstream may get it.
type raw struct {
	name string
	text string
	want outcome
}

const follow = "GET & HTTP/1.1\r\nHost: a.test\r\n\r\n"

// TestCorpus sends messages that two parsers could read differently. Whatever the response, no upstream may get a request
// that the gateway has not parsed as one.
func TestCorpus(t *testing.T) { //nolint:tparallel // the messages have to end before the upstream's requests are checked
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	corpus := slices.Concat(lengths(), codings(), chunked(), fieldBytes(), lineEnds(), startLines(), targets(), hosts(), bounds(), versions(), writeUps())
	if len(corpus) < 500 {
		t.Errorf("the corpus has %d messages, want several hundred", len(corpus))
	}
	t.Run("each", func(t *testing.T) {
		for i, m := range corpus {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				if err := m.try(t, g.addr, i); err != nil {
					t.Errorf("%v\nsent %.600q", err, m.fill(i))
				}
			})
		}
	})
	for i, m := range corpus {
		seen := len(up.got("m" + strconv.Itoa(i) + "m"))
		if bad := up.got("f" + strconv.Itoa(i) + "f"); len(bad) > 0 {
			t.Errorf("%s: smuggled: the upstream got %q\nof %.600q", m.name, bad[0].head, m.fill(i))
		}
		if want := map[outcome]int{passed: 1, passedTwo: 2}[m.want]; m.want != either && seen != want || seen > max(1, want) {
			t.Errorf("%s: the upstream got %d requests, want %d", m.name, seen, want)
		}
	}
	up.canonical(t)
	t.Logf("figure: %d malformed or unusual messages", len(corpus))
}

func (m raw) fill(i int) string {
	n := strconv.Itoa(i)
	return strings.NewReplacer("@", "/c/m"+n+"m", "&", "/c/f"+n+"f").Replace(m.text)
}

// try sends the message and returns what is wrong with the response.
func (m raw) try(t *testing.T, addr string, i int) error {
	t.Helper()
	conn := dial(t, addr)
	text := m.fill(i)
	if m.want == refused {
		text += raw{text: follow}.fill(i)
	}
	go func() {
		conn.send(text)
		if m.want == cutOff {
			_ = conn.Conn.(*net.TCPConn).CloseWrite() // the gateway may have closed it
		}
	}()
	method, _, _ := strings.Cut(text, " ")
	r, err := conn.receive(method)
	if err != nil {
		if m.want == cutOff && errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("no response: %w", err)
	}
	fromUpstream := r.Header.Get("X-Upstream") != ""
	if !fromUpstream && method != "HEAD" {
		if err := r.problem(); err != nil {
			return err
		}
	}
	status, bad := r.StatusCode, error(nil)
	switch m.want {
	case refused:
		if status != 400 {
			bad = fmt.Errorf("got %d %.200q, want 400", status, r.body)
		}
	case declined, cutOff:
		if status < 400 || status > 499 && status != 501 && status != 505 {
			bad = fmt.Errorf("got %d %.200q, want 4xx, 501 or 505", status, r.body)
		}
	case passed, passedTwo:
		if status != 200 || !fromUpstream {
			bad = fmt.Errorf("got %d %.200q, want the upstream's 200", status, r.body)
		}
	case either:
		if status != 200 && (status < 400 || status > 499) && status != 501 && status != 505 {
			bad = fmt.Errorf("got %d %.200q, want 200 or 4xx", status, r.body)
		}
	}
	if bad != nil {
		return bad
	}
	if m.want == passedTwo {
		if r, err := conn.receive(method); err != nil || r.StatusCode != 200 {
			return fmt.Errorf("the second response: got %v (%w), want 200", r.Response, err)
		}
	}
	if status == 400 {
		if !r.Close {
			return errors.New("the response does not say Connection: close")
		}
		return conn.closed()
	}
	return nil
}

// each makes one message for each value.
func each(name string, want outcome, values []string, text func(string) string) []raw {
	all := make([]raw, len(values))
	for i, v := range values {
		all[i] = raw{fmt.Sprintf("%s %.40q", name, v), text(v), want}
	}
	return all
}

// get is a request with these fields and no body. Each field includes its line end.
func get(fields string) string { return "GET @ HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n" }

// post is a request with these fields and a body.
func post(fields, body string) string {
	return "POST @ HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n" + body
}

// named makes one message for each text, sorted by name.
func named(prefix string, want outcome, texts map[string]string, text func(string) string) []raw {
	var all []raw
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		all = append(all, raw{prefix + name, text(texts[name]), want})
	}
	return all
}
