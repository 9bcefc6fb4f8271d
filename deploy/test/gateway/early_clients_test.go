package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

const (
	earlyBytes = 16 << 20
	earlyCount = 3
)

// uploader uploads a number of bodies, one after the other, and returns a line with the status for each response. framing is length
// or chunked.
type uploader struct {
	name   string
	upload func(t *testing.T, addr, path, framing string) (string, error)
}

// uploaders are real clients. whole is a file that holds a body.
func uploaders(whole string) []uploader {
	size, count := strconv.Itoa(earlyBytes), strconv.Itoa(earlyCount)
	file := func(name string) string { return filepath.Join("testdata", "early", name) }
	python := func(library string) uploader {
		return uploader{library + " of Python", func(t *testing.T, addr, path, framing string) (string, error) {
			if _, err := exec.LookPath("python3"); err == nil && exec.CommandContext(t.Context(), "python3", "-c", "import "+library).Run() != nil {
				t.Skip("Python has no " + library)
			}
			return upload(t, "python3", file("early.py"), addr, path, library, framing, size, count)
		}}
	}
	return []uploader{
		python("http.client"), python("requests"),
		{"net/http of Go", uploadByGo},
		{"fetch of Node", func(t *testing.T, addr, path, framing string) (string, error) {
			return upload(t, "node", file("early.mjs"), "http://"+addr+path, framing, size, count)
		}},
		{"HttpClient of Java", func(t *testing.T, addr, path, framing string) (string, error) {
			return upload(t, "java", file("Early.java"), "http://"+addr+path, framing, size, count)
		}},
		{"curl", func(t *testing.T, addr, path, framing string) (string, error) {
			args := []string{"-sS", "-w", `%{http_code}\n`, "-X", "POST", "-H", "Expect:"}
			if framing == "chunked" {
				args = append(args, "-H", "Transfer-Encoding: chunked")
			}
			one := []string{"-o", os.DevNull, "-T", whole, "http://" + addr + path}
			return upload(t, "curl", append(args, slices.Repeat(one, earlyCount)...)...)
		}},
	}
}

// upload runs a program that uploads.
func upload(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("no " + program + ": install it to try its HTTP client")
	}
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	return string(out), err
}

// unsized hides how long a body is.
type unsized struct{ io.Reader }

func uploadByGo(t *testing.T, addr, path, framing string) (out string, err error) {
	t.Helper()
	for range earlyCount {
		var body io.Reader = bytes.NewReader(make([]byte, earlyBytes))
		if framing == "chunked" {
			body = unsized{body}
		}
		resp, err := newClient(t).Post("http://"+addr+path, "text/plain", body)
		if err != nil {
			return out, err
		}
		_ = resp.Body.Close() // the status is all that is wanted
		out += strconv.Itoa(resp.StatusCode) + "\n"
	}
	return out, nil
}

// TestRealClientsSeeEarlyResponses: a response that comes during an upload is seen by every client, near and far.
func TestRealClientsSeeEarlyResponses(t *testing.T) {
	t.Parallel()
	refusing := listen(t, func(conn net.Conn) { // it closes with unread bytes: its kernel sends a reset
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
		}
	})
	over := make(chan struct{})
	patient := listen(t, func(conn net.Conn) { // it reads no more, and keeps the connection
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno")
			<-over
		}
	})
	t.Cleanup(func() { close(over) })
	reading := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	g := startGateway(t, and(and(route("refusing", "/refusing", []string{refusing}, "auth: public"), route("patient", "/patient", []string{patient}, "auth: public")),
		and(route("small", "/small", []string{reading}, "auth: public", "max_body: 1MiB"), route("locked", "/locked", []string{reading}))), "CONNECTIONS_PER_ADDRESS=0")
	whole := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(whole, make([]byte, earlyBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	far := delayed(t, g.addr, 50*time.Millisecond)
	for _, client := range uploaders(whole) {
		for path, status := range map[string]string{"/locked": "401", "/small": "413", "/refusing": "403", "/patient": "409"} {
			for _, framing := range []string{"length", "chunked"} {
				for distance, addr := range map[string]string{"near": g.addr, "far": far} {
					t.Run(fmt.Sprint(client.name, " ", status, " ", framing, " ", distance), func(t *testing.T) {
						t.Parallel()
						out, err := client.upload(t, addr, path, framing)
						if want := strings.Repeat(status+"\n", earlyCount); err != nil || out != want {
							t.Errorf("got %.600s (%v), want %d times %s", out, err, earlyCount, status)
						}
					})
				}
			}
		}
	}
}
