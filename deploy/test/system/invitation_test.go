package system_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tallygate/deploy/internal/testbed"
)

// TestInvitationsInTheConsole: an administrator invites somebody, who follows the link and registers.
func TestInvitationsInTheConsole(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t, "REGISTRATION=invite")
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/register")
	enter(page, t, "ada", "correct horse", "#register")
	testbed.Eventually(t, "the refusal", func() error {
		return shows(page, "#registration-error", "There is no valid invitation for this user name.")
	})
	if open := evaluate[bool](page, t, `document.getElementById("with-invitation").open`); !open {
		t.Error("nobody is asked for an invitation")
	}

	visit(page, t, r.base+"/")
	enter(page, t, "root", "correct horse", "#sign-in")
	act(page, t, chromedp.WaitVisible("#limits"))
	goTo(page, t, "invitations")
	act(page, t, chromedp.SendKeys("#invite-roles", "writer, analyst"+kb.Enter), chromedp.WaitVisible("#invitation-link"))
	testbed.Eventually(t, "the invitation in the list", func() error { return shows(page, "#invitations tbody", "analyst, writer") })
	picture(page, t, "invitations")
	link := evaluate[string](page, t, `document.activeElement === document.getElementById("invitation-link") ? document.activeElement.value : ""`)
	if !strings.HasPrefix(link, r.base+"/#invitation=tgi_") {
		t.Fatalf("the link is %q, and whoever made it is not there", link)
	}

	ada := openTab(page, t)
	visit(ada, t, link)
	testbed.Eventually(t, "the form to register", func() error { return shows(ada, "h1", "Accept your invitation") })
	secret := strings.TrimPrefix(link, r.base+"/#invitation=")
	if at := evaluate[string](ada, t, `location.href + document.documentElement.outerHTML`); strings.Contains(at, secret) {
		t.Errorf("the page shows the invitation: %s", at)
	}
	picture(ada, t, "invited")
	enter(ada, t, "ada", "correct horse"+kb.Enter, "")
	act(ada, t, chromedp.WaitVisible("#limits"))
	if shown := evaluate[bool](ada, t, `/Invitations/.test(document.getElementById("nav").textContent)`); shown {
		t.Error("somebody who is no administrator sees the invitations")
	}
	again := openTab(page, t)
	visit(again, t, link)
	enter(again, t, "eve", "correct horse"+kb.Enter, "")
	testbed.Eventually(t, "the refusal", func() error {
		return shows(again, "#registration-error", "There is no valid invitation for this user name.")
	})

	act(page, t, chromedp.SendKeys("#invite-name", "bob"+kb.Enter))
	testbed.Eventually(t, "the use, and the next invitation", func() error {
		return shows(page, "#invitations tbody", "rootada")
	})
	act(page, t, chromedp.SendKeys(`#invitations button[aria-label^="Withdraw the invitation for bob"]`, kb.Enter), chromedp.WaitVisible("#question"), chromedp.Click("#question-yes"))
	testbed.Eventually(t, "the withdrawal", func() error { return shows(page, "#invitations tbody", "withdrawn") })
	r.logsNothingOf(t, "tgi_")
}

func TestTheConsoleSaysThatRegistrationIsClosed(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startRunner(t, t.TempDir(), "REGISTRATION=closed")
	r.waitReady(t)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/register")
	enter(page, t, "ada", "correct horse", "#register")
	testbed.Eventually(t, "the refusal", func() error {
		return shows(page, "#registration-error", "Registration is closed here. Ask an administrator for an account.")
	})
	if still := evaluate[bool](page, t, `!document.getElementById("register").hidden`); still {
		t.Error("the page still offers to register")
	}
}

// enter types a name and a password, and clicks a button if it is given.
func enter(page context.Context, t *testing.T, name, password, button string) {
	t.Helper()
	act(page, t, chromedp.SendKeys("#username", name), chromedp.SendKeys("#password", password))
	if button != "" {
		act(page, t, chromedp.Click(button))
	}
}
