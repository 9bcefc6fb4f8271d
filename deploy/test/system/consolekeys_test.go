package system_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
	"tallygate/kit/apikey"
)

// TestConsoleKeys makes an API key, sees what was called with it, narrows, rotates and revokes it, as a person, with the keyboard.
func TestConsoleKeys(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startRunner(t, t.TempDir())
	r.waitReady(t)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/register")
	enter(page, t, "ada", "correct horse", "#register")
	testbed.Eventually(t, "a month without calls", func() error { return shows(page, "#no-calls", "No calls yet") })
	goTo(page, t, "keys")
	act(page, t, chromedp.WaitVisible("#no-keys"))

	act(page, t, chromedp.SendKeys("#new-key", kb.Enter), chromedp.WaitVisible("#key-name"))
	wantFocus(page, t, "key-name")
	act(page, t, chromedp.SendKeys("#key-name", "backup script"), chromedp.SendKeys("#key-quota", "500"+kb.Enter), chromedp.WaitVisible("#made-key-text"))
	wantFocus(page, t, "made-key-text")
	first := shownKey(page, t)
	testbed.Eventually(t, "the key in the list", func() error { return shows(page, "#keys tbody", "backup script") })
	picture(page, t, "key-made")
	client := contract.NewClient(r.base)
	answers(t, client, first, http.StatusOK)
	testbed.Eventually(t, "the usage by key", func() error {
		evaluate[bool](page, t, `location.hash = "#/overview?group=key", true`)
		act(page, t, chromedp.WaitVisible("#usage-part"))
		return shows(page, "#usage-part", "backup script1")
	})

	goTo(page, t, "keys")
	act(page, t, chromedp.SendKeys(`[aria-label="Change the key backup script"]`, kb.Enter), chromedp.WaitVisible("#key-routes"),
		chromedp.SendKeys("#key-routes", "not a route!"+kb.Enter))
	testbed.Eventually(t, "the refusal in the dialog", func() error { return shows(page, "#key-dialog-form-error", "The name of a route") })
	choose(page, t, "key-routes", "files")
	act(page, t, chromedp.SendKeys("#key-routes", kb.Enter))
	testbed.Eventually(t, "the change", func() error { return shows(page, "#notice", "The key backup script is changed.") })
	wantFocus(page, t, "keys-part-title")
	answers(t, client, first, http.StatusForbidden)

	act(page, t, chromedp.SendKeys(`[aria-label="Rotate the key backup script"]`, kb.Enter), chromedp.WaitVisible("#rotate-overlap"))
	choose(page, t, "rotate-overlap", "0")
	act(page, t, chromedp.Click("#rotate-dialog-yes"), chromedp.WaitVisible("#made-key-text"))
	second := first
	testbed.Eventually(t, "another secret", func() error {
		if second = shownKey(page, t); second == first {
			return fmt.Errorf("it is still %.6s…", second)
		}
		return nil
	})
	answers(t, client, first, http.StatusUnauthorized)
	answers(t, client, second, http.StatusForbidden) // only the route files
	act(page, t, chromedp.Click("#made-key-text-done"))
	if html := evaluate[string](page, t, `document.documentElement.outerHTML + [...document.querySelectorAll("input")].map((field) => field.value).join()`); apikeyIn(html) {
		t.Error("the key is still on the page")
	}
	accessible(page, t)
	revokesKey(page, t, client, second)
}

// revokesKey says no once, and then yes.
func revokesKey(page context.Context, t *testing.T, client *contract.Client, key string) {
	t.Helper()
	revoke := `[aria-label="Revoke the key backup script"]`
	act(page, t, chromedp.SendKeys(revoke, kb.Enter), chromedp.WaitVisible("#question"))
	picture(page, t, "key-revoke")
	act(page, t, chromedp.SendKeys("#question .cancel", kb.Enter), chromedp.WaitNotPresent("#question"))
	answers(t, client, key, http.StatusForbidden) // it lives
	act(page, t, chromedp.SendKeys(revoke, kb.Enter), chromedp.WaitVisible("#question"), chromedp.Click("#question-yes"),
		chromedp.WaitVisible("#no-keys"))
	answers(t, client, key, http.StatusUnauthorized)
	testbed.Eventually(t, "the usage of a revoked key", func() error {
		evaluate[bool](page, t, `location.hash = "#/overview?group=key", true`)
		act(page, t, chromedp.WaitVisible("#usage-part"))
		return shows(page, "#usage-part", "a revoked key (")
	})
}

// TestConsolePlans makes a plan, gives it to a user, sees why it cannot be deleted, and revokes a key of the user, as an administrator.
func TestConsolePlans(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	client := contract.NewClient(r.base)
	ada := contract.Credentials{Username: "ada", Password: "correct horse"}
	register(t, client, ada)
	key := makeKey(t, client, client.Token(t, ada), `{"name":"export"}`)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/")
	enter(page, t, "root", "correct horse", "#sign-in")
	act(page, t, chromedp.WaitVisible("#limits"))
	goTo(page, t, "plans")
	act(page, t, chromedp.SendKeys("#new-plan", kb.Enter), chromedp.WaitVisible("#plan-name"),
		chromedp.SendKeys("#plan-name", "pro"), chromedp.SendKeys("#plan-month", "50000"), chromedp.SendKeys("#plan-rates", "root 7/m"), chromedp.Click("#plan-dialog-yes"))
	testbed.Eventually(t, "the plan in the list", func() error { return shows(page, "#plans tbody", "pro50,000no limitroot 7/m 7no limit") })
	wantFocus(page, t, "plans-part-title")
	picture(page, t, "plans")

	goTo(page, t, "users")
	act(page, t, chromedp.Click(`[aria-label="Change ada"]`), chromedp.WaitVisible("#user-plan"))
	choose(page, t, "user-plan", "pro")
	act(page, t, chromedp.SendKeys("#user-roles", "analyst, ops"+kb.Enter))
	testbed.Eventually(t, "the user's plan", func() error { return shows(page, "#users tbody", "adaactivepro") })
	remove := func() {
		goTo(page, t, "plans")
		act(page, t, chromedp.SendKeys(`[aria-label="Delete the plan pro"]`, kb.Enter), chromedp.WaitVisible("#question"), chromedp.Click("#question-yes"))
	}
	remove()
	testbed.Eventually(t, "why not", func() error { return shows(page, "#question-form-error", "plan") })
	picture(page, t, "plan-in-use")
	act(page, t, chromedp.Click("#question .cancel"))
	goTo(page, t, "users")
	act(page, t, chromedp.Click(`[aria-label="Change ada"]`), chromedp.WaitVisible("#user-plan"))
	if roles := evaluate[string](page, t, `document.getElementById("user-roles").value`); roles != "analyst, ops" {
		t.Errorf("got the roles %s", roles)
	}
	choose(page, t, "user-plan", "default")
	act(page, t, chromedp.Click("#user-dialog-yes"))
	testbed.Eventually(t, "the user's plan", func() error { return shows(page, "#users tbody", "adaactivedefault") })
	remove()
	testbed.Eventually(t, "the deletion", func() error { return shows(page, "#notice", "The plan pro is deleted.") })

	goTo(page, t, "users")
	act(page, t, chromedp.Click(`#users a[href="#/users/2"]`), chromedp.WaitVisible("#their-keys"))
	answers(t, client, key, http.StatusOK)
	accessible(page, t)
	act(page, t, chromedp.Click(`[aria-label="Revoke the key export"]`), chromedp.WaitVisible("#question"), chromedp.Click("#question-yes"),
		chromedp.WaitVisible("#no-keys-of-them"))
	wantFocus(page, t, "their-keys-part-title")
	answers(t, client, key, http.StatusUnauthorized)
}

// choose puts a value into a field, or picks an option of a list.
func choose(page context.Context, t *testing.T, id, value string) {
	t.Helper()
	evaluate[bool](page, t, fmt.Sprintf(`((field) => { field.value = %q; field.dispatchEvent(new Event("input", {bubbles: true})); return field.dispatchEvent(new Event("change")) })(document.getElementById(%q))`, value, id))
}

// makeKey makes an API key by the API.
func makeKey(t *testing.T, client *contract.Client, token, body string) string {
	t.Helper()
	header := http.Header{"Authorization": {token}, "Content-Type": {"application/json"}}
	got, err := client.Do(http.MethodPost, "/users/me/keys", header, []byte(body))
	var made struct{ Key string }
	if err != nil || json.Unmarshal([]byte(got.Body), &made) != nil || !apikey.Valid(made.Key) {
		t.Fatalf("got %+v, %v", got, err)
	}
	return made.Key
}

// shownKey is the secret that the page shows once.
func shownKey(page context.Context, t *testing.T) string {
	t.Helper()
	key := evaluate[string](page, t, `document.getElementById("made-key-text").value`)
	if !apikey.Valid(key) {
		t.Fatalf("the page shows %q", key)
	}
	return key
}

func apikeyIn(text string) bool {
	for i := range text {
		if len(text)-i >= apikey.Length && apikey.Valid(text[i:i+apikey.Length]) {
			return true
		}
	}
	return false
}

// answers waits until a call with the key has this status.
func answers(t *testing.T, client *contract.Client, key string, status int) {
	t.Helper()
	testbed.Eventually(t, fmt.Sprint("a response with status ", status), func() error {
		got, err := client.Root("Bearer "+key, "9", "0.5")
		if err == nil && got.Status != status {
			err = fmt.Errorf("got %d %s", got.Status, got.Body)
		}
		return err
	})
}

// accessible fails the test if something on the page has no name, or the page scrolls sideways, on a telephone or a desk.
func accessible(page context.Context, t *testing.T) {
	t.Helper()
	nameless := evaluate[string](page, t, `[...document.querySelectorAll("button, input, select, textarea, table, dialog")].filter((e) =>
		e.checkVisibility() && !(e.ariaLabel || e.caption?.textContent || e.labels?.[0]?.textContent.trim() || e.localName === "button" && e.textContent.trim() ||
			document.getElementById(e.getAttribute("aria-labelledby")))).map((e) => e.outerHTML.slice(0, 80)).join()`)
	if nameless != "" {
		t.Errorf("these have no name: %s", nameless)
	}
	for name, width := range map[string]int64{"narrow": 390, "wide": 1280} {
		act(page, t, chromedp.EmulateViewport(width, 900))
		if over := evaluate[int64](page, t, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("%s: the page is %d pixels too wide", name, over)
		}
		for _, scheme := range []string{"light", "dark"} {
			act(page, t, prefers(scheme))
			save(page, t, name+"-"+scheme, chromedp.FullScreenshot(100))
		}
	}
}

// prefers makes the browser prefer a colour scheme.
func prefers(scheme string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return none, err
	}
}
