package system_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleLongNames: the longest names of a user and of a key, without a space, make no page and no dialog wider than the window.
func TestConsoleLongNames(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	client := contract.NewClient(r.base)
	long := contract.Credentials{Username: strings.Repeat("w", 128), Password: "correct horse"}
	register(t, client, long)
	makeKey(t, client, client.Token(t, long), fmt.Sprintf(`{"name":%q}`, strings.Repeat("k", 64)))
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/users")
	enter(page, t, "root", "correct horse", "#sign-in")
	act(page, t, chromedp.WaitVisible("#users"))
	person := evaluate[string](page, t, `[...document.querySelectorAll("#users tbody a")].find((a) => a.textContent.startsWith("www")).hash`)
	for _, width := range []int64{390, 700, 1280} {
		act(page, t, chromedp.EmulateViewport(width, 900))
		for _, view := range []struct{ address, selector string }{{"#/users", "#users"}, {person, "#their-keys"}, {person, "#user-dialog"}} {
			evaluate[bool](page, t, fmt.Sprintf(`location.hash = %q, true`, view.address))
			if view.selector == "#user-dialog" {
				act(page, t, chromedp.Click("#change-user"))
			}
			act(page, t, chromedp.WaitVisible(view.selector))
			wide := `[document.documentElement, ...document.querySelectorAll("dialog")].every((node) => node.scrollWidth <= node.clientWidth)`
			if !evaluate[bool](page, t, wide) {
				t.Errorf("%s is wider than %d px", view.selector, width)
			}
		}
	}
	testbed.Eventually(t, "the dialog", func() error { return shows(page, "#user-dialog-title", long.Username) })
}
