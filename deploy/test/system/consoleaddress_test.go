package system_test

import (
	"fmt"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestConsoleAddressesByHand: whatever people write into the address, the page shows a view, or tells in words what is wrong.
func TestConsoleAddressesByHand(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/users/%")
	enter(page, t, "root", "correct horse", "#sign-in")
	const noPeriod = "The period has to be like "
	for _, step := range []struct{ address, selector, want string }{
		{"users/%", "#user-part .trouble", "The user id has to be a positive whole number."}, // what was asked for before the sign-in
		{"constructor", "h1", "Overview"},
		{"users/%zz", "#user-part .trouble", "The user id has to be a positive whole number."},
		{"__proto__", "h1", "Overview"},
		{"usage?by=hour&at=0001-01-01", "#all-usage-part .trouble", noPeriod + "2026-11-23, since 1970."},
		{"overview?by=hour&at=2026-02-31", "#usage-part .trouble", noPeriod + "2026-11-23, since 1970."},
		{"usage?at=9999-12", "#all-usage-part .trouble", noPeriod + "2026-11, since 1970."},
		{"overview?by=month&at=0099", "#usage-part .trouble", noPeriod + "2026, since 1970."},
		{"usage?by=hour&at=2024-02-29", "#all-usage-part .period strong", "29 Feb 2024 (UTC)"},
		{"overview?at=1970-01", "#no-calls", "No calls in this period."},
	} {
		if step.address != "users/%" {
			evaluate[bool](page, t, fmt.Sprintf(`location.hash = "#/%s", true`, step.address))
		}
		testbed.Eventually(t, step.address, func() error { return shows(page, step.selector, step.want) })
	}
	if evaluate[bool](page, t, `document.getElementById("before") !== null`) {
		t.Error("there is a period before 1970")
	}
}
