package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleUsageOfAllUsers: the numbers on the page are those of the API, by route and by user, and each user links to their page.
func TestConsoleUsageOfAllUsers(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	client := contract.NewClient(r.base)
	ada := contract.Credentials{Username: "ada", Password: "correct horse"}
	register(t, client, ada)
	key := makeKey(t, client, client.Token(t, ada), `{"name":"export"}`)
	for range 7 {
		answers(t, client, key, http.StatusOK)
	}
	admin := client.Token(t, contract.Credentials{Username: "root", Password: "correct horse"})
	var series struct {
		Total  struct{ Requests int }
		Groups []struct {
			UserID int `json:"user_id"`
		}
	}
	testbed.Eventually(t, "the calls in the ledger", func() error {
		got, err := client.Do(http.MethodGet, "/admin/usage/series?group=user", http.Header{"Authorization": {admin}}, nil)
		if err != nil || json.Unmarshal([]byte(got.Body), &series) != nil || series.Total.Requests < 7 || len(series.Groups) != 1 {
			return fmt.Errorf("got %s, %w", got.Body, err)
		}
		return nil
	})
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/")
	enter(page, t, "root", "correct horse", "#sign-in")
	act(page, t, chromedp.WaitVisible("#limits"))
	goTo(page, t, "usage")
	testbed.Eventually(t, "the total", func() error { return shows(page, "#total", fmt.Sprint(series.Total.Requests, " calls")) })
	testbed.Eventually(t, "the route", func() error {
		return shows(page, "#usage tbody", fmt.Sprint("root", series.Total.Requests, "100 %new"))
	})
	choose(page, t, "usage-group", "user")
	testbed.Eventually(t, "the user", func() error {
		return shows(page, "#usage tbody", fmt.Sprint("ada", series.Total.Requests, "100 %new"))
	})
	picture(page, t, "admin-usage")
	accessible(page, t)
	if href := evaluate[string](page, t, `document.querySelector("#usage tbody a").hash`); !strings.HasSuffix(href, fmt.Sprint("/users/", series.Groups[0].UserID)) {
		t.Errorf("the user links to %s", href)
	}
}
