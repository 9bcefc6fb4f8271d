package system_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleAudit: entries of the command line and of an administrator, links to both users, older pages, filters that stand in the
// address, and what is shown when nothing matches.
func TestConsoleAudit(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	client := contract.NewClient(r.base)
	register(t, client, contract.Credentials{Username: "ada", Password: "correct horse"})
	root := client.Token(t, contract.Credentials{Username: "root", Password: "correct horse"})
	for i := range 50 { // with the entry about root, one more than a page
		if err := client.Call(root, http.MethodPatch, "/admin/users/2", map[string]any{"monthly_quota": 50001 + i}, nil, http.StatusOK); err != nil {
			t.Fatal(err)
		}
	}
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/audit")
	enter(page, t, "root", "correct horse", "#sign-in")
	testbed.Eventually(t, "the last edit", func() error {
		return shows(page, "#audit tbody tr", "rooteditadamonthly_quota 50,049 → 50,050127.0.0.1")
	})
	links := `[...document.querySelectorAll("#audit tbody tr:first-child a")].map((a) => a.hash).join()`
	if got := evaluate[string](page, t, links); got != "#/users/1,#/users/2" {
		t.Errorf("the entry links to %s", got)
	}
	picture(page, t, "audit")
	accessible(page, t)
	act(page, t, chromedp.Click("#older"))
	testbed.Eventually(t, "the first entry", func() error { return shows(page, "#audit tbody tr:last-child", "command linecreateroot") })
	choose(page, t, "audit-actor", "command line")
	act(page, t, chromedp.Click("#show-entries"))
	testbed.Eventually(t, "the entries of the command line", func() error {
		if n := evaluate[int](page, t, `document.querySelectorAll("#audit tbody tr").length`); n != 1 {
			return fmt.Errorf("got %d entries", n)
		}
		return shows(page, "#audit tbody", "command linecreateroot")
	})
	choose(page, t, "audit-action", "delete")
	act(page, t, chromedp.Click("#show-entries"))
	testbed.Eventually(t, "that nothing matches", func() error { return shows(page, "#no-entries", "No entry matches") })
	if got := evaluate[string](page, t, "location.hash"); got != "#/audit?actor=command+line&action=delete" {
		t.Errorf("the address is %s", got)
	}
	accessible(page, t)
}
