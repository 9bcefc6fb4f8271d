//go:build journeys

package system_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestJourneys goes the ways of users and administrators through the console, on a desk in light colours and on a telephone in dark
// ones. At its end each way is looked at in all of them: contrast, names, width. Nothing may fail in a script, or go to another host.
//
//nolint:tparallel // one after the other: a browser gives keys to one tab at a time
func TestJourneys(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	routes := "routes:\n  - {name: greetings, path: /greetings, upstream: " + greeter(t) + ", openapi: /openapi.json}\n"
	if err := os.WriteFile(file, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startWithRoot(t, "ROUTES_FILE="+file)
	first := openBrowser(t, browser)
	for _, screen := range []struct {
		width  int64
		scheme string
	}{{1280, "light"}, {390, "dark"}} {
		for name, way := range journeys {
			t.Run(fmt.Sprint(name, "-", screen.width), func(t *testing.T) {
				page := openTab(first, t)
				seen := observe(page, t, r.base)
				act(page, t, chromedp.EmulateViewport(screen.width, 900), prefers(screen.scheme))
				w := &walk{t: t, page: page, seen: seen, r: r, client: contract.NewClient(r.base), name: fmt.Sprint(name, "-", screen.width)}
				way(w)
				w.audit(name, screen.width, screen.scheme)
				seen.check(t)
			})
		}
	}
}

// greeter is a service behind the gate that describes itself. Its texts try to run scripts.
func greeter(t *testing.T) string {
	t.Helper()
	const description = `{"openapi": "3.0.3", "info": {"title": "Greetings <img src=x onerror=alert(1)>", "version": "2"}, "paths": {"/greetings/{name}": {"get": {
		"operationId": "greet", "summary": "Says hello <script>alert(1)</script>", "description": "javascript:alert(1) \"><svg onload=alert(1)>",
		"parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}, "example": "ada"}],
		"responses": {"200": {"description": "The greeting.", "content": {"application/json": {"example": {"hello": "ada"}}}}}}}}}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/openapi.json" {
			_, _ = io.WriteString(w, description)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"hello": filepath.Base(r.URL.Path)})
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// journeys are by name. The names are those of accounts, too.
var journeys = map[string]func(*walk){
	"register":   registers,
	"taken":      registersTaken,
	"signin":     signsInByKeyboard,
	"first-call": callsOwnAPI,
	"usage":      seesUsage,
	"key":        makesKeyByKeyboard,
	"rotate":     rotatesKey,
	"sessions":   endsSessions,
	"password":   changesPasswordByKeyboard,
	"delete":     deletesAccount,
	"outage":     seesOutage,
	"tabs":       hasTwoTabs,
	"reset":      isGivenResetLink,
	"invite":     isInvited,
	"plan":       isGivenPlanByKeyboard,
	"disable":    isDisabled,
	"search":     searchesReference,
	"operate":    seesAllViews,
}

func registers(w *walk) {
	w.visit("/")
	w.focused("")
	w.keyIn("#to-register", kb.Enter)
	w.keyIn("#username", w.name, "#password", goodPassword+kb.Enter)
	w.sees("#notice", "Your account is made")
	w.sees("#no-calls", "No calls yet")
	w.sees("h1", "Overview")
}

func registersTaken(w *walk) {
	w.account()
	w.visit("/#/register")
	w.fill("#username", w.name, "#password", "something else")
	w.click("#register")
	w.sees("#registration-error", "This user name is taken.")
	w.focused("username")
	if tied := evaluate[string](w.page, w.t, `document.activeElement.getAttribute("aria-errormessage")`); tied != "registration-error" {
		w.t.Errorf("the error is tied to %q", tied)
	}
	if complete := evaluate[string](w.page, w.t, `document.getElementById("password").autocomplete`); complete != "new-password" {
		w.t.Errorf("a password manager is told %q", complete)
	}
}

func signsInByKeyboard(w *walk) {
	w.account()
	w.visit("/#/sessions")
	w.keyIn("#username", w.name, "#password", "wrong"+kb.Enter)
	w.sees("#credentials-error", "wrong")
	evaluate[bool](w.page, w.t, `document.getElementById("password").value = "", true`)
	act(w.page, w.t, chromedp.Focus("#username"))
	w.keyIn("#password", goodPassword+kb.Enter)
	w.sees("h1", "Sessions") // what was asked for
	w.sees("#sessions tbody", "Chrome on")
	if at := evaluate[string](w.page, w.t, `document.activeElement.localName`); at != "h1" {
		w.t.Errorf("the focus is on %s", at)
	}
}

// callsOwnAPI: from the reference to the first counted call of a service behind the gate, without a terminal. A person has 3 minutes: 20
// seconds for each of 9 steps.
func callsOwnAPI(w *walk) {
	testbed.Eventually(w.t, "the description of the service", func() error {
		if got := w.gets("/openapi.json", ""); !contains(got.Body, `"greetings.greet"`) {
			return fmt.Errorf("got %d bytes", len(got.Body))
		}
		return nil
	})
	began := time.Now()
	w.visit("/docs")
	w.wait("#search")
	w.fill("#search", "hello")
	w.leaves("call-greetings-greet")
	w.click("#call-greetings-greet summary", `#call-greetings-greet a[href^="#/register"]`)
	w.fill("#username", w.name, "#password", goodPassword)
	w.click("#register")
	w.wait("#greetings-greet-run") // back at the call
	w.click("#greetings-greet-run")
	w.sees("#greetings-greet-answer", "200 OK")
	w.sees("#greetings-greet-answer", `"hello": "ada"`)
	w.menu("overview")
	w.sees("#usage-part", "greetings1")
	w.sees("#total", "1 call.")
	took := time.Since(began)
	w.t.Logf("from /docs to the first counted call: %d steps, %.1f s with steps that take no time", w.steps, took.Seconds())
	if w.steps > 9 {
		w.t.Errorf("it took %d steps", w.steps)
	}
	if took > 3*time.Minute {
		w.t.Errorf("it took %s", took)
	}
	w.menu("call")
	w.sees("#call", "Says hello")
	w.click("#try-Python")
	w.sees("#call pre", `os.environ["TALLYGATE_KEY"]`)
}

// seesUsage: the page shows what the API says, and every day has its place.
func seesUsage(w *walk) {
	w.account()
	token := w.token()
	for i, n := range []string{"4", "9", "16", "x"} {
		if got := w.gets("/root?n=0.5&number="+n, token); (got.Status == 200) != (i < 3) {
			w.t.Fatalf("got %+v", got)
		}
	}
	w.signIn(w.name)
	w.sees("#usage-part", "root4")
	var usage struct {
		Total struct{ Requests, BytesOut int64 }
		From  string
	}
	if err := json.Unmarshal([]byte(w.gets("/users/me/usage", token).Body), &usage); err != nil || usage.Total.Requests != 4 {
		w.t.Fatalf("got %+v, %v", usage, err)
	}
	w.sees("#total", "4 calls.")
	bins := evaluate[int64](w.page, w.t, `document.querySelectorAll("#bars .bin").length`)
	days := evaluate[int64](w.page, w.t, `new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 1, 0)).getUTCDate()`)
	if bins != days {
		w.t.Errorf("got %d bars for %d days", bins, days)
	}
	act(w.page, w.t, chromedp.Focus(`#bars .bin[tabindex="0"]`))
	w.press(kb.ArrowRight)
	if at := evaluate[string](w.page, w.t, `document.activeElement.getAttribute("aria-label")`); !contains(at, "2 ") {
		w.t.Errorf("the arrow leads to %q", at)
	}
	choose(w.page, w.t, "by", "hour")
	w.sees("#bars", "00:00")
	w.sees("#usage-part", "root4")
	choose(w.page, w.t, "by", "month")
	w.sees("#bars", "Jan")
}

// leaves waits until the search in the reference has left one call.
func (w *walk) leaves(id string) {
	w.t.Helper()
	testbed.Eventually(w.t, "what was found", func() error {
		return want(evaluate[string](w.page, w.t, `[...document.querySelectorAll("details.call")].filter((one) => one.checkVisibility()).map((one) => one.id).join()`), id)
	})
}

func searchesReference(w *walk) {
	w.visit("/docs#createKey")
	w.wait("#createKey-try")
	w.fill("#search", "rotate")
	w.leaves("call-rotateKey")
	act(w.page, w.t, chromedp.Clear("#search"))
	w.visit("/docs#/reference/signIn")
	w.wait("#signIn-run")
}
