//go:build journeys

package system_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/chromedp/chromedp/kb"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

func isGivenResetLink(w *walk) {
	w.account()
	token := w.token()
	w.signIn("root")
	w.finds()
	w.click(`#users tbody a`, "#reset-link")
	w.wait("#made-link")
	link := w.value("made-link")
	if !strings.HasPrefix(link, w.r.base+"/#reset=tgr_") {
		w.t.Fatalf("got the link %q", link)
	}
	person := *w
	person.page = openTab(w.page, w.t)
	visit(person.page, w.t, link)
	person.fill("#reset-password", "battery staple")
	person.click("#set-password")
	person.sees("#notice", "The password is set.")
	testbed.Eventually(w.t, "the end of the old sessions", func() error {
		return want(http.StatusText(w.gets("/users/me", token).Status), "Unauthorized")
	})
	person.fill("#username", w.name, "#password", "battery staple")
	person.click("#sign-in")
	person.wait("#limits")
}

func isInvited(w *walk) {
	w.signIn("root")
	w.menu("invitations")
	w.wait("#invite-name")
	w.fill("#invite-name", w.name)
	w.click("#make-invitation")
	w.wait("#invitation-link")
	link := w.value("invitation-link")
	person := *w
	person.page = openTab(w.page, w.t)
	visit(person.page, w.t, link)
	person.sees("h1", "Accept your invitation")
	person.fill("#username", w.name, "#password", goodPassword)
	person.click("#register")
	person.wait("#limits")
	w.menu("users")
	w.menu("invitations")
	w.sees("#invitations tbody", w.name)
}

// finds searches for the person among all users.
func (w *walk) finds() {
	w.t.Helper()
	w.menu("users")
	w.wait("#query")
	w.fill("#query", w.name+kb.Enter)
	testbed.Eventually(w.t, "the person alone", func() error {
		return want(evaluate[string](w.page, w.t, `[...document.querySelectorAll("#users tbody tr")].map((row) => row.cells[0].textContent).join()`), w.name)
	})
}

// isGivenPlanByKeyboard: from the list of users to another plan with three clicks, here with three presses of Enter.
func isGivenPlanByKeyboard(w *walk) {
	w.account()
	plan := strings.ReplaceAll(w.name, "-", "")
	w.r.command(w.t, "plan", "set", plan, "-month", "777")
	w.signIn("root")
	w.menu("users")
	w.keyIn("#query", w.name+kb.Enter)
	w.sees("#users tbody", w.name)
	w.keyIn(fmt.Sprintf(`[aria-label="Change %s"]`, w.name), kb.Enter)
	w.reach("#user-plan")
	w.press(plan) // a list goes to what is typed
	w.keyIn("#user-dialog-yes", kb.Enter)
	w.sees("#notice", w.name+" is changed.")
	w.sees("#users tbody", plan)
	testbed.Eventually(w.t, "the plan in force", func() error {
		if got := w.gets("/users/me/limits", w.token()); !contains(got.Body, `"limit":777`) {
			return fmt.Errorf("got %s", got.Body)
		}
		return nil
	})
}

func isDisabled(w *walk) {
	w.account()
	person := *w
	person.page = openTab(w.page, w.t)
	person.signIn(w.name)
	w.signIn("root")
	w.finds()
	w.click("#users tbody a", "#disable", "#question-yes")
	w.sees("#notice", "is disabled.")
	testbed.Eventually(w.t, "the end of the person's session", func() error {
		evaluate[bool](person.page, w.t, `location.hash = location.hash === "#/keys" ? "#/sessions" : "#/keys", true`)
		return want(evaluate[string](person.page, w.t, `document.querySelector("#view form")?.id ?? ""`), "credentials")
	})
	w.click("#enable")
	w.sees("#notice", "is enabled.")
	if got, err := w.client.Post("/token", contract.Credentials{Username: w.name, Password: goodPassword}); err != nil || got.Status != http.StatusOK {
		w.t.Errorf("got %+v, %v", got, err)
	}
}

// seesAllViews looks at each view that an administrator has.
func seesAllViews(w *walk) {
	w.account()
	w.gets("/root?number=9&n=0.5", w.token())
	w.signIn("root")
	views := evaluate[[]string](w.page, w.t, `[...document.querySelectorAll("#nav a")].map((a) => a.hash.slice(2))`)
	if len(views) < 11 {
		w.t.Errorf("the menu has %q", views)
	}
	width := evaluate[int64](w.page, w.t, `innerWidth`)
	for _, view := range views {
		w.menu(view)
		testbed.Eventually(w.t, "all that "+view+" shows", func() error {
			return want(evaluate[string](w.page, w.t, `[...document.querySelectorAll("[aria-busy=true], .trouble:not([hidden])")].map((one) => one.textContent).join()`), "")
		})
		w.audit(view, width, "light")
	}
}
