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

	do := func(what string, action chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(page, action); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	do("open the console", chromedp.Navigate(r.base+"/"))
	do("type a name", chromedp.SendKeys("#username", "ada"))
	do("type a password", chromedp.SendKeys("#password", "correct horse"))
	do("register", chromedp.Click("#register"))
	do("see the room", chromedp.WaitVisible("#room"))
	do("call /root", chromedp.Click("#call button"))
	testbed.Eventually(t, "the result of the call", func() error { return shows(page, "#answer", "51.42150122383022") })
	picture(page, t, "console")
	testbed.Eventually(t, "the call in the tally", func() error { return shows(page, "#usage tbody", "root") })

	do("open the API reference", chromedp.Navigate(r.base+"/docs"))
	testbed.Eventually(t, "the calls", func() error { return shows(page, "#tags", "/root") })
	picture(page, t, "docs")
}

// TestConsoleUnderAPath: pages and calls have been moved.
func TestConsoleUnderAPath(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startRunner(t, t.TempDir(), "BUILTIN_PREFIX=/auth/v1", "PAGES=/gate")
	r.waitReady(t)
	page := openBrowser(t, browser)
	for _, action := range []chromedp.Action[chromedp.Void]{
		chromedp.Navigate(r.base + "/gate"), chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", "correct horse"),
		chromedp.Click("#register"), chromedp.WaitVisible("#room"), chromedp.Click("#call button"),
	} {
		if err := chromedp.Do(page, action); err != nil {
			t.Fatal(err)
		}
	}
	testbed.Eventually(t, "the result of the call", func() error { return shows(page, "#answer", "51.42150122383022") })
	testbed.Eventually(t, "the call to copy", func() error { return shows(page, "#curl", "/auth/v1/root?") })
	if err := chromedp.Do(page, chromedp.Navigate(r.base+"/gate/docs")); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "the calls", func() error { return shows(page, "#tags", "/auth/v1/users/me") })
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
	page, closePage := chromedp.NewContext(allocator)
	t.Cleanup(closePage)
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
