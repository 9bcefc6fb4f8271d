package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// pythonWorker is a server with one worker, whose work takes longer than it takes to find a replica that hangs.
const pythonWorker = `
import http.server, sys, time
class Worker(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/livez":
            print("begun", self.command, flush=True)
            time.sleep(6)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")
    do_GET = do_POST = answer
    def log_message(self, *args):
        pass
http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Worker).serve_forever()
`

// startPythonWorker runs such a server and returns its address.
func startPythonWorker(t *testing.T) (*process, string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3: install it to try its HTTP server")
	}
	addr := testbed.FreeAddress(t)
	speakPlain.Store(addr, nil)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, python, []string{"-c", pythonWorker, host, port})
	p.awaitListening(t, addr)
	return p, addr
}

// TestAPythonWorkerFinishesItsWork: its health page waits behind a request for 6 seconds. The request is begun once; a GET that
// another replica could take, at most twice.
func TestAPythonWorkerFinishesItsWork(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method        string
		workers, most int
	}{{http.MethodPost, 1, 1}, {http.MethodGet, 1, 1}, {http.MethodPost, 2, 1}, {http.MethodGet, 2, 2}} {
		t.Run(fmt.Sprintf("%s, %d workers", test.method, test.workers), func(t *testing.T) {
			t.Parallel()
			var addrs []string
			var workers []*process
			for range test.workers {
				p, addr := startPythonWorker(t)
				workers, addrs = append(workers, p), append(addrs, addr)
			}
			g := startGateway(t, route("up", "/up", addrs, "auth: public", "health: /livez"))
			req, err := http.NewRequestWithContext(t.Context(), test.method, g.url("/up"), strings.NewReader("work"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := newClient(t).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || string(body) != "done" {
				t.Errorf("got %d %s (%v)", resp.StatusCode, body, err)
			}
			begun := 0
			for _, p := range workers {
				begun += strings.Count(p.Tail(), "begun "+test.method)
			}
			if begun == 0 || begun > test.most {
				t.Errorf("begun %d times, want at most %d", begun, test.most)
			}
		})
	}
}
