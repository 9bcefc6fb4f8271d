//go:build journeys

package system_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

var update = flag.Bool("update", false, "take the picture of README")

// TestScreenshot takes the picture of the console that README shows: the overview of a user who has made some calls.
func TestScreenshot(t *testing.T) {
	t.Parallel()
	if !*update {
		t.Skip("make screenshots takes it")
	}
	browser := chromium(t)
	r := startRunner(t, t.TempDir())
	r.waitReady(t)
	r.command(t, "plan", "set", "default", "-month", "10000", "-rates", "root=1000/s")
	w := &walk{t: t, page: openBrowser(t, browser), r: r, client: contract.NewClient(r.base), name: "ada"}
	w.account()
	token := w.token()
	key := makeKey(t, w.client, token, `{"name":"nightly-report"}`)
	for i := range 60 {
		n := "2"
		if i%20 == 19 {
			n = "two"
		}
		for _, secret := range []string{token, key} {
			w.gets("/root?n=0.5&number="+n, secret)
		}
	}
	act(w.page, t, chromedp.EmulateViewport(1120, 820), prefers("light"))
	w.visit("/#/overview?by=hour&group=key")
	w.fill("#username", w.name, "#password", goodPassword)
	w.click("#sign-in")
	w.sees("#total", "120 calls.")
	png, err := chromedp.Run(w.page, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(testbed.Root(), "docs/console.png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
