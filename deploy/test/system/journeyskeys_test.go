//go:build journeys

package system_test

import (
	"net/http"
	"strings"

	"github.com/chromedp/chromedp/kb"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func makesKeyByKeyboard(w *walk) {
	w.register()
	w.menu("keys")
	w.sees("#no-keys", "Make one for each script")
	w.keyIn("#new-key", kb.Enter)
	w.focused("key-name")
	w.press("nightly")
	w.keyIn("#key-quota", "500"+kb.Enter)
	w.wait("#made-key-text")
	w.focused("made-key-text")
	answers(w.t, w.client, w.value("made-key-text"), http.StatusOK)
	w.keyIn("#made-key-text-done", kb.Enter)
	w.focused("new-key")
	w.menu("sessions")
	w.menu("keys")
	w.sees("#keys tbody", "nightly")
	testbed.Eventually(w.t, "the call with the key", func() error {
		w.menu("overview")
		w.menu("keys")
		w.wait("#keys")
		return shows(w.page, "#keys tbody", "1 of 500")
	})
}

func rotatesKey(w *walk) {
	w.account()
	old := makeKey(w.t, w.client, w.token(), `{"name":"nightly"}`)
	w.signIn(w.name)
	w.menu("keys")
	w.click(`[aria-label="Rotate the key nightly"]`)
	w.wait("#rotate-overlap")
	w.click("#rotate-dialog-yes")
	w.wait("#made-key-text")
	answers(w.t, w.client, old, http.StatusOK) // both work for a day
	answers(w.t, w.client, w.value("made-key-text"), http.StatusOK)
	w.click(`[aria-label="Revoke the key nightly"]`, "#question-yes")
	w.sees("#notice", "The key nightly is revoked.")
	answers(w.t, w.client, old, http.StatusUnauthorized)
}

func endsSessions(w *walk) {
	w.account()
	one, another := w.token(), w.token()
	w.signIn(w.name)
	w.menu("sessions")
	w.sees("#sessions", "this one")
	w.click(`#sessions button`)
	w.wait("#question-yes")
	w.click("#question-yes")
	w.sees("#notice", "The session has ended.")
	w.click("#end-others", "#question-yes")
	w.sees("#notice", "All other sessions have ended.")
	w.sees("#sessions-part", "You are signed in nowhere else.")
	for _, token := range []string{one, another} {
		testbed.Eventually(w.t, "the end of the tokens", func() error {
			return want(http.StatusText(w.gets("/users/me", token).Status), "Unauthorized")
		})
	}
	w.menu("account")
	w.sees("#facts", w.name)
}

func changesPasswordByKeyboard(w *walk) {
	w.register()
	w.menu("account")
	w.keyIn("#current", "wrong", "#new", "battery staple"+kb.Enter)
	w.sees("#change-error", "password")
	w.visit("/#/sign-in") // the tab is signed in: this is the overview
	w.menu("account")
	w.keyIn("#current", goodPassword, "#new", "battery staple"+kb.Enter)
	w.sees("#notice", "The password is changed.")
	w.keyIn("#username", w.name, "#password", "battery staple"+kb.Enter)
	w.wait("#facts, #limits")
}

func deletesAccount(w *walk) {
	w.register()
	w.menu("account")
	w.click("#delete-account")
	w.fill("#delete-password", "wrong")
	w.click("#delete-dialog-yes")
	w.sees("#delete-dialog-form-error", "password")
	evaluate[bool](w.page, w.t, `document.getElementById("delete-password").value = "", true`)
	w.fill("#delete-password", goodPassword)
	w.click("#delete-dialog-yes")
	w.sees("#notice", "The account is deleted.")
	got, err := w.client.Post("/token", contract.Credentials{Username: w.name, Password: goodPassword})
	if err != nil || got.Status != http.StatusUnauthorized {
		w.t.Errorf("got %+v, %v", got, err)
	}
}

// fails makes calls of the page fail: with a status, or, if it is 0, without any response.
const fails = `((status) => { window.whole ??= window.fetch; window.fetch = (url, options) => status === 200 ? window.whole.call(window, url, options)
	: status === 0 ? Promise.reject(new TypeError("Failed to fetch"))
	: Promise.resolve(new Response('{"type":"/problems/unavailable","message":"The service is busy."}', {status, headers: {"Content-Type": "application/problem+json", "Retry-After": "7"}})); return true })`

// seesOutage: a busy gateway and a lost network end nothing. What was shown stays, with its age.
func seesOutage(w *walk) {
	w.register()
	w.menu("sessions")
	w.sees("#sessions", "this one")
	w.menu("overview")
	w.sees("#plan", "Your plan is default.")
	for _, status := range []string{"503", "429", "0"} {
		evaluate[bool](w.page, w.t, fails+"("+status+")")
		choose(w.page, w.t, "by", map[string]string{"503": "hour", "429": "month", "0": "day"}[status])
		w.sees("#usage-part .trouble", "What is shown here is from")
		w.sees("#plan", "Your plan is default.")
	}
	w.click("#sign-out")
	w.sees("#notice", "You are still signed in: The gateway cannot be reached.")
	evaluate[bool](w.page, w.t, fails+"(200)")
	w.click("#usage-part .trouble button")
	testbed.Eventually(w.t, "the end of the trouble", func() error {
		return want(evaluate[string](w.page, w.t, `String(document.querySelector("#usage-part .trouble").hidden)`), "true")
	})
	// A token that is refused while the refresh fails with 503.
	evaluate[bool](w.page, w.t, `((whole) => { window.fetch = (url, options) => /refresh/.test(url)
		? Promise.resolve(new Response("{}", {status: 503})) : options?.headers?.Authorization
		? Promise.resolve(new Response('{"message":"Token is not valid"}', {status: 401, headers: {"Content-Type": "application/json"}})) : whole.call(window, url, options) })(window.fetch) || true`)
	w.menu("sessions")
	w.sees("#sessions-part .trouble", "503")
	evaluate[bool](w.page, w.t, fails+"(200)")
	w.click("#sessions-part .trouble button")
	w.sees("#sessions", "this one")
	w.click("#sign-out")
	w.sees("#notice", "You are signed out.")
}

// hasTwoTabs: each tab has a session of its own. Signing out in one leaves the other.
func hasTwoTabs(w *walk) {
	w.register()
	other := *w
	other.page = openTab(w.page, w.t)
	other.visit("/#/sessions")
	other.fill("#username", w.name, "#password", goodPassword)
	other.click("#sign-in")
	other.sees("#sessions", "this one")
	other.click("#sign-out")
	other.sees("#notice", "You are signed out.")
	w.menu("keys")
	w.wait("#no-keys")
}
