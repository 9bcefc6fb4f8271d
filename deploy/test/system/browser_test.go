package system_test

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"tallygate/deploy/internal/testbed"
)

// TestTheBrowserSamples loads the samples of docs/browsers.md into a page, and calls a service that needs a token in each of the ways in
// which a browser cannot send one.
func TestTheBrowserSamples(t *testing.T) { //nolint:tparallel // the steps use one page, in this order
	t.Parallel()
	browser := chromium(t)
	live := &liveService{}
	upstream := httptest.NewServer(live)
	t.Cleanup(upstream.Close)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	routes := "routes:\n  - {name: app, path: /app, upstream: " + upstream.URL + ", auth: public}\n" +
		"  - {name: live, path: /live, upstream: " + upstream.URL + "}\n"
	if err := os.WriteFile(file, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRunner(t, t.TempDir(), "ROUTES_FILE="+file)
	r.waitReady(t)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/app/")
	act(page, t, chromedp.WaitVisible("#ready"))
	await(page, t, `(async () => {
		const send = (path) => fetch(path, {method: "POST", headers: {"Content-Type": "application/json"},
			body: JSON.stringify({username: "ada", password: "correct horse"})});
		await send("/users/register");
		window.token = (await (await send("/token")).json()).token;
		return "signed in";
	})()`)
	evaluate[bool](page, t, samples(t)+"; true")

	for _, step := range []struct{ name, script, want string }{
		{"an image", `new Promise((done, failed) => {
			const image = document.body.appendChild(new Image());
			image.onload = () => done(image.naturalWidth + " pixel");
			image.onerror = () => failed("refused");
			showImage(image, "/live/picture.png?size=1").catch(failed);
		})`, "1 pixel"},
		{"its ticket a second time", `fetch(document.images[0].src, {cache: "no-store"}).then((response) => response.status + "")`, "401"},
		{"an event stream, and the next one", `new Promise((done, failed) => {
			let all = "";
			listen("/live/events", (event) => { if ((all += event.data) === "hellohello") done(all) }).catch(failed);
		})`, "hellohello"},
		{"a WebSocket whose service chooses", opened(`openSocket("/live/echo", ["echo"])`), "echo: hi"},
		{"a WebSocket whose service chooses nothing", opened(`openSocket("/live/none")`), "tallygate: hi"},
		{"a WebSocket that offers the token alone", opened(`new WebSocket("/live/none", "tallygate.token." + token)`) +
			`.then((text) => text.replace(token, "…"))`, "tallygate.token.…: hi"},
		{"a WebSocket with a ticket", `openSocketWithTicket("/live/echo?room=1", ["echo"]).then((socket) => ` + opened("socket") + ")", "echo: hi"},
		{"a WebSocket with a ticket and no subprotocol", `openSocketWithTicket("/live/none").then((socket) => ` + opened("socket") + ")", ": hi"},
		{"a WebSocket without anything", opened(`new WebSocket("/live/none")`) + `.catch((why) => why)`, "refused"},
		{"a download", `download("/live/file").then(() => "clicked")`, "clicked"},
	} {
		t.Run(step.name, func(t *testing.T) {
			if got := await(page, t, step.script); got != step.want {
				t.Errorf("got %q, want %q", got, step.want)
			}
		})
	}
	testbed.Eventually(t, "the download", func() error { return want(strings.Join(live.got("/live/file"), " "), "/live/file") })
	live.check(t)
	r.logsNothingOf(t, "tgt_", "tallygate.token", "eyJ")
}

// logsNothingOf fails the test if one of the texts is in a service's log.
func (r *runner) logsNothingOf(t *testing.T, texts ...string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(r.data, "logs", "*"))
	if err != nil || len(logs) < 3 {
		t.Fatalf("got the logs %q, %v", logs, err)
	}
	for _, name := range logs {
		log, err := os.ReadFile(name)
		if err != nil || len(log) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(log), err)
		}
		for _, text := range texts {
			if strings.Contains(string(log), text) {
				t.Errorf("%s has %s:\n%s", name, text, log)
			}
		}
	}
}

// samples are the samples' functions, as the document prints them.
func samples(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "docs/browsers.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)<!-- test: browser -->\n```js\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 6 || strings.Count(string(text), "```js") != len(blocks) {
		t.Fatalf("got %d samples", len(blocks))
	}
	var all strings.Builder
	for _, block := range blocks {
		all.WriteString(block[1])
	}
	return all.String()
}

// opened is a script that says something over a WebSocket, and gives its subprotocol and the response.
func opened(socket string) string {
	return `new Promise((done, failed) => {
		const socket_ = ` + socket + `;
		socket_.onopen = () => socket_.send("hi");
		socket_.onmessage = (event) => { done(socket_.protocol + ": " + event.data); socket_.close() };
		socket_.onerror = () => failed("refused");
	})`
}

// liveService is a service with an image, an event stream, WebSockets and a file. It remembers what it is asked.
type liveService struct {
	mu       sync.Mutex
	requests []*http.Request
}

func (s *liveService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Clone(context.Background()))
	s.mu.Unlock()
	switch r.URL.Path {
	case "/app/":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>app</title><p id=ready>ready")
	case "/live/picture.png":
		const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
		picture, _ := base64.StdEncoding.DecodeString(pixel)
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(picture)
	case "/live/events": // it ends after one event
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: hello\n\n")
	case "/live/echo":
		answer(w, r, "echo")
	case "/live/none":
		answer(w, r)
	case "/live/file":
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.WriteString(w, "a file")
	default:
		http.NotFound(w, r)
	}
}

// answer sends one message of a WebSocket back.
func answer(w http.ResponseWriter, r *http.Request, protocols ...string) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: protocols})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	kind, data, err := conn.Read(r.Context())
	if err == nil && conn.Write(r.Context(), kind, data) == nil {
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
}

// got are the targets of the requests for a path.
func (s *liveService) got(path string) (targets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if r.URL.Path == path {
			targets = append(targets, r.RequestURI)
		}
	}
	return targets
}

// check fails the test if the service has seen what was not for it, or does not know who called.
func (s *liveService) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	targets := map[string]int{}
	for _, r := range s.requests {
		if r.URL.Path == "/app/" || r.URL.Path == "/favicon.ico" {
			continue
		}
		targets[r.RequestURI]++
		if r.Header.Get("X-User-Id") == "" || r.Header.Get("Authorization") != "" ||
			strings.Contains(r.RequestURI, "ticket") || strings.Contains(r.Header.Get("Sec-Websocket-Protocol"), "tallygate") {
			t.Errorf("the service gets %s %v", r.RequestURI, r.Header)
		}
	}
	for _, target := range []string{"/live/picture.png?size=1", "/live/events", "/live/echo", "/live/echo?room=1", "/live/none", "/live/file"} {
		if targets[target] == 0 {
			t.Errorf("the service has not got %s, but %v", target, targets)
		}
	}
}
