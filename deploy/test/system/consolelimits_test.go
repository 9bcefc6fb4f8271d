package system_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	visit(page, t, r.base+"/#/register")
	enter(page, t, "ada", "correct horse", "#register")
	testbed.Eventually(t, "a user without limits", func() error { return shows(page, "#limits", "Nothing limits how much you may call.") })
	testbed.Eventually(t, "the plan", func() error { return shows(page, "#plan", "Your plan is default.") })

	r.command(t, "plan", "set", "pro", "-month", "50000", "-day", "700", "-rates", "priced=10/m,*=9/s", "-in-flight", "8")
	r.command(t, "admin", "edit", "ada", "-plan", "pro")
	client := contract.NewClient(r.base)
	token := client.Token(t, contract.Credentials{Username: "ada", Password: "correct horse"})
	if got, err := client.Do(http.MethodGet, "/priced", http.Header{"Authorization": {token}}, nil); err != nil || got.Status != http.StatusOK {
		t.Fatalf("got %+v, %v", got, err)
	}
	testbed.Eventually(t, "the units", func() error {
		goTo(page, t, "keys")
		goTo(page, t, "overview")
		act(page, t, chromedp.WaitVisible("#total, #no-calls"))
		return shows(page, "#usage-part", "priced15")
	})
	for selector, want := range map[string]string{
		"#plan": "Your plan is pro. At most 8 calls at the same time.", "#total": "1 call, which cost 5 units.",
		"#usage thead": "RouteCalls ▼Units", "#quota-month": "5 of 50,000 units (0 %), 49,995 left", "#quota-day": "5 of 700 units (0.7 %), 695 left",
		"#rates tbody": "priced10/m10each other route9/s9", "#forecast": "A forecast is shown after the first full day.",
	} {
		testbed.Eventually(t, selector, func() error { return shows(page, selector, want) })
	}
	accessible(page, t)
}
