package system_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleBesideAnUpstream moves the console away from /, where a service of the routes file is now. Both have one origin, so
// the service's scripts try to get at the token of the user who is signed in at the console.
func TestConsoleBesideAnUpstream(t *testing.T) { //nolint:tparallel // the steps use one browser, in this order
	t.Parallel()
	browser := chromium(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>upstream</title><p id=path>"+r.URL.Path)
	}))
	t.Cleanup(upstream.Close)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	routes := "routes:\n  - {name: site, path: /, upstream: " + upstream.URL + ", auth: public}\n"
	if err := os.WriteFile(file, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRunner(t, t.TempDir(), "PAGES=/gate", "ROUTES_FILE="+file)
	r.waitReady(t)
	page := openBrowser(t, browser)

	for _, path := range []string{"/", "/docs", "/openapi.json", "/console/console.js"} {
		visit(page, t, r.base+path)
		testbed.Eventually(t, "the service at "+path, func() error { return shows(page, "#path", path) })
	}
	window := openTab(page, t)
	b := besideUpstream{base: r.base, page: page, console: window}
	t.Run("the pages work where they are", b.works) // and a user signs in, whom the other steps need
	t.Run("nothing that a script of the origin can read holds a token", b.holdsNoToken)
	t.Run("a page of the origin does not reach into the console", b.cannotReach)
	t.Run("the session ends with the page", b.ends)
}

// besideUpstream is a browser with two windows: a page of the service, and the console.
type besideUpstream struct {
	base          string
	page, console context.Context
}

func (b besideUpstream) works(t *testing.T) {
	visit(b.console, t, b.base+"/gate#/register")
	act(b.console, t, chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", "correct horse"),
		chromedp.Click("#register"), chromedp.WaitVisible("#to-call"), chromedp.Click("#to-call"), chromedp.WaitVisible("#try-run"))
	act(b.console, t, chromedp.Click("#try-run"))
	testbed.Eventually(t, "the result of the call", func() error { return shows(b.console, "#try-answer", "200 OK") })
	picture(b.console, t, "moved")
	docs := openTab(b.page, t)
	visit(docs, t, b.base+"/gate/docs")
	testbed.Eventually(t, "the calls", func() error { return shows(docs, "#reference", "/root") })
}

func (b besideUpstream) holdsNoToken(t *testing.T) {
	for _, where := range []string{
		`JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie`, `document.documentElement.outerHTML`,
		`Object.getOwnPropertyNames(window).map((name) => { try { return JSON.stringify(window[name]) } catch { return "" } }).join()`,
	} {
		if holds := evaluate[bool](b.console, t, `/eyJ[\w-]+\.|[\w-]{43}/.test(`+where+`)`); holds {
			t.Errorf("there is a token in %s", where)
		}
	}
	if kind := evaluate[string](b.console, t, `typeof window.authorized + typeof window.signIn`); kind != "undefinedundefined" {
		t.Errorf("functions of the console are global: %s", kind)
	}
}

func (b besideUpstream) cannotReach(t *testing.T) {
	evaluate[bool](b.page, t, `window.opened = window.open("/gate/"); true`)
	testbed.Eventually(t, "the window to be out of reach", func() error {
		return want(evaluate[string](b.page, t,
			`(() => { try { return opened.closed ? "out of reach" : opened.document.title } catch { return "out of reach" } })()`), "out of reach")
	})
	evaluate[bool](b.page, t, `window.framed = document.body.appendChild(document.createElement("iframe"));
		framed.onload = () => framed.seen = true; framed.src = "/gate/"; true`)
	testbed.Eventually(t, "the frame to be refused", func() error {
		return want(evaluate[string](b.page, t, `framed.seen ? (framed.contentDocument ? "reached" : "out of reach") : "loading"`), "out of reach")
	})
}

func (b besideUpstream) ends(t *testing.T) {
	visit(b.console, t, b.base+"/docs")
	visit(b.console, t, b.base+"/gate")
	act(b.console, t, chromedp.WaitVisible("#credentials"))
	client := contract.NewClient(b.base)
	token := client.Token(t, contract.Credentials{Username: "ada", Password: "correct horse"})
	testbed.Eventually(t, "the session to end", func() error {
		got, err := client.Do(http.MethodGet, "/users/me/sessions", http.Header{"Authorization": {token}}, nil)
		if err == nil {
			err = want(strconv.Itoa(strings.Count(got.Body, `"last_used"`)), "1") // the one that asks
		}
		return err
	})
}

func want(got, want string) error {
	if got != want {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	return nil
}

func visit(page context.Context, t *testing.T, url string) {
	t.Helper()
	act(page, t, chromedp.Navigate(url))
}

func act(page context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, step := range steps {
		// What is not there by then does not come.
		ctx, cancel := context.WithTimeout(page, 20*time.Second)
		err := chromedp.Do(ctx, step)
		cancel()
		if err != nil {
			picture(page, t, "failed")
			t.Fatalf("step %d: %v; the page shows %s", i+1, err, evaluate[string](page, t, `document.body.innerText`))
		}
	}
}

// evaluate runs a script as if the user had just clicked: so it may open windows.
func evaluate[T any](page context.Context, t *testing.T, script string) T {
	t.Helper()
	got, err := chromedp.Run(page, chromedp.Evaluate[T](script, func(p *runtime.EvaluateParams) { p.UserGesture = new(true) }))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return got
}
