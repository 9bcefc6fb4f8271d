package system_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/testbed"
)

// TestConsole uses the pages like a person, in a real browser: register, call, see the call in the tally.
func TestConsole(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startRunner(t, t.TempDir())
	r.waitReady(t)
	page := openBrowser(t, browser)

	do := func(_ string, step chromedp.Action[chromedp.Void]) {
		t.Helper()
		act(page, t, step)
	}
	do("open the console", chromedp.Navigate(r.base+"/"))
	do("go to the registration", chromedp.Click("#to-register"))
	do("type a name", chromedp.SendKeys("#username", "ada"))
	do("type a password", chromedp.SendKeys("#password", "correct horse"))
	do("register", chromedp.Click("#register"))
	do("go to the first call", chromedp.Click("#to-call"))
	do("wait for the form", chromedp.WaitVisible("#try-run"))
	choose(page, t, "try-query-number", "88")
	choose(page, t, "try-query-n", "0.88")
	do("call /root", chromedp.Click("#try-run"))
	testbed.Eventually(t, "the result of the call", func() error { return shows(page, "#try-answer", "51.42150122383022") })
	picture(page, t, "call")
	goTo(page, t, "overview")
	testbed.Eventually(t, "the call in the tally", func() error { return shows(page, "#usage tbody", "root1") })
	picture(page, t, "overview")
	goTo(page, t, "reference")
	testbed.Eventually(t, "the calls", func() error { return shows(page, "#reference", "/root") })
	picture(page, t, "docs")
}

// TestConsoleUnderAPath: pages and calls have been moved.
func TestConsoleUnderAPath(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startRunner(t, t.TempDir(), "BUILTIN_PREFIX=/auth/v1", "PAGES=/gate")
	r.waitReady(t)
	page := openBrowser(t, browser)
	act(page, t,
		chromedp.Navigate(r.base+"/gate#/register"), chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", "correct horse"),
		chromedp.Click("#register"), chromedp.WaitVisible("#limits"), chromedp.Click("#to-call"), chromedp.WaitVisible("#try-run"), chromedp.Click("#try-run"))
	testbed.Eventually(t, "the result of the call", func() error { return shows(page, "#try-answer", "200 OK") })
	testbed.Eventually(t, "the call to copy", func() error { return shows(page, "#call pre", "/auth/v1/root?") })
	visit(page, t, r.base+"/gate/docs")
	testbed.Eventually(t, "the calls", func() error { return shows(page, "#reference", "/auth/v1/users/me") })
}

// goTo goes to a view of the console by its entry in the menu.
func goTo(page context.Context, t *testing.T, view string) {
	t.Helper()
	act(page, t, chromedp.Click(`#nav a[href="#/`+view+`"]`))
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium: install chromium to try the console in a browser")
	return ""
}

// openBrowser starts a browser that ends with the test. It can reach this machine only.
func openBrowser(t *testing.T, path string) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1000, 900), chromedp.WSURLReadTimeout(time.Minute))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	return openTab(allocator, t)
}

// openTab opens a tab, in the browser of another tab or in a new one. It is closed at the end of the test.
func openTab(from context.Context, t *testing.T) context.Context {
	t.Helper()
	page, closePage := chromedp.NewContext(from)
	t.Cleanup(closePage)
	if err := chromedp.Do(page, chromedp.Navigate("about:blank")); err != nil { // starts it, for as long as page lives
		t.Fatal(err)
	}
	return page
}

func shows(page context.Context, selector, want string) error {
	got, err := chromedp.Run(page, chromedp.TextContent(selector))
	if err != nil {
		return err
	}
	if !strings.Contains(got, want) {
		return fmt.Errorf("%s shows %s, not %s", selector, got, want)
	}
	return nil
}

// picture saves a screenshot in the folder for artifacts, which `go test -artifacts` keeps.
func picture(page context.Context, t *testing.T, name string) {
	t.Helper()
	save(page, t, name, chromedp.CaptureScreenshot())
}

func save(page context.Context, t *testing.T, name string, screenshot chromedp.Action[[]byte]) {
	t.Helper()
	png, err := chromedp.Run(page, screenshot)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}
