//go:build journeys

package system_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// walk is a person at the console, in a tab of a browser.
type walk struct {
	t      *testing.T
	page   context.Context
	seen   *observer
	r      *runner
	client *contract.Client
	name   string // of the person's account: no other walk has it
	steps  int    // clicks, and fields that were filled
}

const goodPassword = "correct horse"

func (w *walk) visit(path string) { w.t.Helper(); visit(w.page, w.t, w.r.base+path) }

func (w *walk) click(selectors ...string) {
	w.t.Helper()
	for _, selector := range selectors {
		w.steps++
		act(w.page, w.t, chromedp.WaitVisible(selector), chromedp.Click(selector))
	}
}

// fill types into fields that are empty.
func (w *walk) fill(fields ...string) {
	w.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		w.steps++
		act(w.page, w.t, chromedp.SendKeys(fields[i], fields[i+1]))
	}
}

func (w *walk) wait(selector string) { w.t.Helper(); act(w.page, w.t, chromedp.WaitVisible(selector)) }

// sees waits until an element shows a text.
func (w *walk) sees(selector, text string) {
	w.t.Helper()
	testbed.Eventually(w.t, text+" in "+selector, func() error {
		shown := evaluate[string](w.page, w.t, fmt.Sprintf(`document.querySelector(%q)?.textContent ?? "nothing"`, selector))
		if !strings.Contains(shown, text) {
			return errors.New("it shows " + shown)
		}
		return nil
	})
}

// reach goes to an element with the Tab key alone, forward from where the focus is.
func (w *walk) reach(selector string) {
	w.t.Helper()
	w.wait(selector)
	for range 200 {
		if evaluate[bool](w.page, w.t, fmt.Sprintf(`Boolean(document.activeElement?.matches(%q))`, selector)) {
			return
		}
		w.press(kb.Tab)
	}
	w.t.Fatalf("the Tab key does not lead to %s", selector)
}

// press presses keys where the focus is.
func (w *walk) press(keys string) { w.t.Helper(); act(w.page, w.t, chromedp.KeyEvent(keys)) }

// keyIn reaches fields with the Tab key, and types.
func (w *walk) keyIn(fields ...string) {
	w.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		w.reach(fields[i])
		w.press(fields[i+1])
	}
}

func (w *walk) focused(id string) { w.t.Helper(); wantFocus(w.page, w.t, id) }

func (w *walk) value(id string) string {
	w.t.Helper()
	return evaluate[string](w.page, w.t, fmt.Sprintf(`document.getElementById(%q)?.value ?? ""`, id))
}

// menu opens a view by its entry in the menu, which a narrow screen folds.
func (w *walk) menu(view string) {
	w.t.Helper()
	if evaluate[bool](w.page, w.t, `document.getElementById("menu").checkVisibility()`) {
		w.click("#menu")
	}
	w.click(`#nav a[href="#/` + view + `"]`)
	testbed.Eventually(w.t, "the view "+view, func() error {
		return want(evaluate[string](w.page, w.t, `document.querySelector('#nav [aria-current]')?.hash ?? ""`), "#/"+view)
	})
}

// register makes the person's account in the page.
func (w *walk) register() {
	w.t.Helper()
	w.visit("/#/register")
	w.fill("#username", w.name, "#password", goodPassword)
	w.click("#register")
	w.wait("#limits")
}

// signIn signs somebody with the usual password in, in the page.
func (w *walk) signIn(name string) {
	w.t.Helper()
	w.visit("/")
	w.fill("#username", name, "#password", goodPassword)
	w.click("#sign-in")
	w.wait("#limits")
}

// token is one of the person's account, from a sign-in elsewhere.
func (w *walk) token() string {
	w.t.Helper()
	return w.client.Token(w.t, contract.Credentials{Username: w.name, Password: goodPassword})
}

// account makes the person's account by the API.
func (w *walk) account() {
	w.t.Helper()
	if got, err := w.client.Register(contract.Credentials{Username: w.name, Password: goodPassword}); err != nil || got.Status != http.StatusCreated {
		w.t.Fatalf("got %+v, %v", got, err)
	}
}

// gets makes a call with a token, or with none.
func (w *walk) gets(path, token string) contract.Response {
	w.t.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", token)
	}
	got, err := w.client.Do(http.MethodGet, path, header, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}
