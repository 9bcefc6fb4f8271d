package system_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleLimits shows what applies to a user, and units where calls cost more than one.
func TestConsoleLimits(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(upstream.Close)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	routes := "routes:\n  - {name: priced, path: /priced, upstream: " + upstream.URL + ", cost: 5}\n"
	if err := os.WriteFile(file, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRunner(t, t.TempDir(), "ROUTES_FILE="+file)
	r.waitReady(t)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/")
	enter(page, t, "ada", "correct horse", "#register")
	act(page, t, chromedp.WaitVisible("#no-limits"))
	testbed.Eventually(t, "the plan", func() error { return shows(page, "#plan", "Your plan is default.") })

	r.command(t, "plan", "set", "pro", "-month", "50000", "-day", "700", "-rates", "priced=10/m,*=9/s", "-in-flight", "8")
	r.command(t, "admin", "edit", "ada", "-plan", "pro")
	client := contract.NewClient(r.base)
	token := client.Token(t, contract.Credentials{Username: "ada", Password: "correct horse"})
	if got, err := client.Do(http.MethodGet, "/priced", http.Header{"Authorization": {token}}, nil); err != nil || got.Status != http.StatusOK {
		t.Fatalf("got %+v, %v", got, err)
	}
	testbed.Eventually(t, "the units", func() error {
		choose(page, t, "usage-by", "route")
		return shows(page, "#usage tbody", "priced15")
	})
	act(page, t, chromedp.Click("#sign-out"), chromedp.WaitVisible("#door"), chromedp.SendKeys("#password", "correct horse"),
		chromedp.Click("#sign-in"), chromedp.WaitVisible("#rates"))
	for selector, want := range map[string]string{
		"#plan": "Your plan is pro. You may have 8 calls open at once.", "#total": "1 call, which cost 5 units. 49,995 of 50,000 left",
		"#usage thead": "RouteCallsUnits", "#quotas tbody": "this month50,000549,995", "#rates tbody": "priced10/m10each other route9/s9",
	} {
		testbed.Eventually(t, selector, func() error { return shows(page, selector, want) })
	}
	if both := evaluate[string](page, t, `document.getElementById("quotas").textContent`); !strings.Contains(both, "today (UTC)7005695") {
		t.Errorf("got the quotas %s", both)
	}
	accessible(page, t)
}
