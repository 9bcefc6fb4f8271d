package system_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleRangeOfDays: a user and an administrator look at any days. Both days are included, the address has them, and what is no
// range is told in words.
func TestConsoleRangeOfDays(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	client := contract.NewClient(r.base)
	root := contract.Credentials{Username: "root", Password: "correct horse"}
	key := makeKey(t, client, client.Token(t, root), `{"name":"export"}`)
	answers(t, client, key, http.StatusOK)
	day := dayOfCalls(t, client, client.Token(t, root))
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/overview?from="+day.Format(time.DateOnly)+"&to="+day.Format(time.DateOnly))
	enter(page, t, "root", "correct horse", "#sign-in")
	testbed.Eventually(t, "the calls of the day of the link", func() error { return shows(page, "#total", "1 call.") })
	for _, view := range []string{"overview", "usage"} {
		goTo(page, t, view)
		act(page, t, chromedp.WaitVisible("#usage"))
		chooseDays(page, t, day.AddDate(0, 0, -9), day)
		testbed.Eventually(t, "the range", func() error {
			return shows(page, "#usage caption", day.AddDate(0, 0, -9).Format(time.DateOnly)+" to "+day.Format(time.DateOnly))
		})
		testbed.Eventually(t, "the call of the last day", func() error { return shows(page, "#total", "1 call") })
		want := fmt.Sprintf("#/%s?from=%s&to=%s", view, day.AddDate(0, 0, -9).Format(time.DateOnly), day.Format(time.DateOnly))
		if got := evaluate[string](page, t, "location.hash"); got != want {
			t.Errorf("the address is %s, want %s", got, want)
		}
		accessible(page, t)
		picture(page, t, "range-"+view)
		chooseDays(page, t, day.AddDate(0, 0, -9), day.AddDate(0, 0, -1))
		testbed.Eventually(t, "no call before", func() error { return shows(page, "#no-calls", "No calls in this period.") })
		act(page, t, chromedp.Click("#after"))
		testbed.Eventually(t, "the nine days after", func() error { return shows(page, "#total", "1 call") })
		chooseDays(page, t, day, day.AddDate(0, 0, -1))
		testbed.Eventually(t, "why not", func() error { return shows(page, "#range-error", "The last day is before the first day.") })
		wantFocus(page, t, "range-to")
		evaluate[bool](page, t, fmt.Sprintf(`location.hash = "#/%s?from=2026-01-01&to=2026-02-31", true`, view))
		testbed.Eventually(t, "what is wrong with the link", func() error {
			return shows(page, "section:has(.range) .trouble", "The last day has to be a date like 2026-11-23")
		})
	}
}

// chooseDays writes a range of days.
func chooseDays(page context.Context, t *testing.T, from, to time.Time) {
	t.Helper()
	evaluate[bool](page, t, `document.querySelector(".range").open = true`)
	choose(page, t, "range-from", from.Format(time.DateOnly))
	choose(page, t, "range-to", to.Format(time.DateOnly))
	act(page, t, chromedp.Click("#range-show"))
}

// dayOfCalls waits for a call in the ledger, and returns its day.
func dayOfCalls(t *testing.T, client *contract.Client, token string) (day time.Time) {
	t.Helper()
	testbed.Eventually(t, "the call in the ledger", func() error {
		got, err := client.Do(http.MethodGet, "/users/me/usage", http.Header{"Authorization": {token}}, nil)
		var usage struct{ Series []struct{ Start time.Time } }
		if err != nil || json.Unmarshal([]byte(got.Body), &usage) != nil || len(usage.Series) != 1 {
			return fmt.Errorf("got %s, %w", got.Body, err)
		}
		day = usage.Series[0].Start
		return nil
	})
	return day
}
