package gateway_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// message is a request as it arrived at the upstream.
type message struct {
	method, target string
	head           string // all of it, as it came
	body           string
	conn           int // on which connection it came
}

// values are the values of the fields with this name, in upper or lower case.
func (m message) values(name string) []string {
	var all []string
	for line := range strings.SplitSeq(m.head, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			all = append(all, strings.Trim(v, " \t"))
		}
	}
	return all
}

// recorder is an upstream that keeps the requests it gets. It also records everything that another parser could read
// differently.
type recorder struct {
	addr    string
	respond func(message) string // nil: a 200

	mu       sync.Mutex
	messages []message
	faults   []string
	conns    int
}

const okResponse = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nX-Upstream: yes\r\n\r\nok"

func newRecorder(t *testing.T, respond func(message) string) *recorder {
	t.Helper()
	r := &recorder{respond: respond}
	r.addr = listen(t, r.serve)
	return r
}

// listen is listenPlain for an upstream, which may have to speak TLS.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	secure := securing(t)
	return listenPlain(t, func(conn net.Conn) {
		if secured := secure(conn); secured != nil {
			defer secured.Close()
			serve(secured)
		}
	})
}

// listenPlain serves connections until the test ends.
func listenPlain(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.Map
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			running.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Range(func(conn, _ any) bool {
			conn.(net.Conn).Close()
			return true
		})
		running.Wait()
	})
	return l.Addr().String()
}

func (r *recorder) serve(conn net.Conn) {
	r.mu.Lock()
	r.conns++
	number := r.conns
	r.mu.Unlock()
	in := bufio.NewReader(conn)
	for {
		m, err := r.read(in, conn)
		if err != nil {
			return
		}
		m.conn = number
		r.mu.Lock()
		r.messages = append(r.messages, m)
		r.mu.Unlock()
		response := okResponse
		if m.method == "HEAD" {
			response, _, _ = strings.Cut(response, "ok")
		}
		if r.respond != nil {
			response = r.respond(m)
		}
		if _, err := io.WriteString(conn, response); err != nil {
			return
		}
	}
}

// What the gateway may write: every strict parser accepts it.
var (
	startForm = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z\x60-]+ (\*|/[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*) HTTP/1\.1$`)
	fieldForm = regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z\x60-]+: ([^\x00-\x20\x7f]([^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?)?$`)
)

func (r *recorder) read(in *bufio.Reader, out io.Writer) (message, error) {
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		line, err := in.ReadSlice('\n')
		head = append(head, line...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return message{}, err
		}
	}
	m := message{head: string(head)}
	lines := strings.Split(strings.TrimSuffix(m.head, "\r\n\r\n"), "\r\n")
	if !startForm.MatchString(lines[0]) {
		r.fault(m, "its first line is not canonical")
	}
	m.method, m.target, _ = strings.Cut(lines[0], " ")
	m.target, _, _ = strings.Cut(m.target, " ")
	for _, line := range lines[1:] {
		if !fieldForm.MatchString(line) {
			r.fault(m, fmt.Sprintf("the field %q is not canonical", line))
		}
	}
	lengths, codings := m.values("Content-Length"), m.values("Transfer-Encoding")
	if len(m.values("Host")) != 1 || len(lengths)+len(codings) > 1 {
		r.fault(m, "it does not have exactly one host and at most one length")
	}
	if len(m.values("Expect")) > 0 {
		if _, err := io.WriteString(out, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return m, err
		}
	}
	var body []byte
	var err error
	switch {
	case len(lengths) > 0:
		length, bad := strconv.ParseUint(lengths[0], 10, 32)
		if bad != nil {
			r.fault(m, "its length is no number")
		}
		body = make([]byte, length)
		_, err = io.ReadFull(in, body)
	case len(codings) > 0:
		body, err = r.chunks(m, in)
	}
	m.body = string(body)
	return m, err
}

func (r *recorder) chunks(m message, in *bufio.Reader) ([]byte, error) {
	var body []byte
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, bad := strconv.ParseUint(strings.TrimSuffix(line, "\r\n"), 16, 31)
		if bad != nil || !strings.HasSuffix(line, "\r\n") {
			r.fault(m, fmt.Sprintf("the chunk size %q is not canonical", line))
			return nil, io.ErrUnexpectedEOF
		}
		data := make([]byte, size+2)
		if _, err := io.ReadFull(in, data); err != nil {
			return nil, err
		}
		if string(data[size:]) != "\r\n" {
			r.fault(m, "a chunk or the last one does not end where it should")
			return nil, io.ErrUnexpectedEOF
		}
		if size == 0 {
			return body, nil
		}
		body = append(body, data[:size]...)
	}
}

func (r *recorder) fault(m message, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf("%s:\n%q", what, m.head))
}

// got are the requests so far whose target contains the text.
func (r *recorder) got(text string) []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []message
	for _, m := range r.messages {
		if strings.Contains(m.target, text) {
			all = append(all, m)
		}
	}
	return all
}

// last is the latest request.
func (r *recorder) last(t *testing.T) message {
	t.Helper()
	all := r.got("")
	if len(all) == 0 {
		t.Fatal("nothing has arrived at the upstream")
	}
	return all[len(all)-1]
}

// canonical fails the test if anything arrived that another parser could read differently.
func (r *recorder) canonical(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, fault := range r.faults {
		t.Errorf("at the upstream: %s", fault)
	}
}

// serveHTTP is an upstream by net/http.
func serveHTTP(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	begin(t, server)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.Listener.Addr().String()
}
