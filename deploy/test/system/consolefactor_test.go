package system_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleSecondFactor turns the second factor on, signs in with a code and with a recovery code, changes a password that is due,
// and turns the factor off, as a person.
func TestConsoleSecondFactor(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startRunner(t, t.TempDir())
	r.waitReady(t)
	root := contract.Credentials{Username: "root", Password: "correct horse"}
	r.admin(t, root.Password, "create", root.Username)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/register")
	enter(page, t, "ada", "correct horse", "#register")
	act(page, t, chromedp.WaitVisible("#limits"))
	goTo(page, t, "account")
	testbed.Eventually(t, "the state", func() error { return shows(page, "#factor-state", "Off:") })
	act(page, t, chromedp.SendKeys("#factor-password", "correct horse"), chromedp.Click("#factor-begin"), chromedp.WaitVisible("#factor-confirm"))
	key := strings.ReplaceAll(evaluate[string](page, t, `document.querySelector("#factor-key").textContent`), " ", "")
	if link := evaluate[string](page, t, `document.querySelector("#factor-link").href`); !strings.HasPrefix(link, "otpauth://totp/Tallygate:ada?secret="+key) {
		t.Errorf("the link is %s", link)
	}
	wantFocus(page, t, "factor-first")
	first := appCode(t, key, 0)
	act(page, t, chromedp.SendKeys("#factor-first", first+"\r"), chromedp.WaitVisible("#factor-recovery"))
	wantFocus(page, t, "factor-heading")
	recovery := strings.Fields(evaluate[string](page, t, `[...document.querySelectorAll("#factor-list li")].map((li) => li.textContent).join(" ")`))
	if len(recovery) != 10 {
		t.Errorf("got the recovery codes %v", recovery)
	}
	picture(page, t, "recovery")
	act(page, t, chromedp.Click("#factor-kept"))
	if html := evaluate[string](page, t, `document.documentElement.outerHTML`); strings.Contains(html, recovery[0]) || strings.Contains(html, key) {
		t.Error("what is shown once is still on the page")
	}

	signInAgain(page, t)
	wantFocus(page, t, "otp")
	attributes := evaluate[string](page, t, `(({autocomplete, inputMode}) => autocomplete + " " + inputMode)(document.querySelector("#otp"))`)
	if attributes != "one-time-code numeric" {
		t.Errorf("the field for the code has %s", attributes)
	}
	picture(page, t, "code")
	act(page, t, chromedp.SendKeys("#otp", first+"\r")) // spent at the set-up
	testbed.Eventually(t, "a refusal", func() error { return shows(page, "#credentials-error", "wrong or was used before") })
	act(page, t, chromedp.SendKeys("#otp", appCode(t, key, 1)+"\r"), chromedp.WaitVisible("#factor-state"))
	testbed.Eventually(t, "the state", func() error { return shows(page, "#factor-state", "On:") })

	signInAgain(page, t)
	act(page, t, chromedp.Click("#use-recovery"), chromedp.SendKeys("#otp", recovery[0]+"\r"), chromedp.WaitVisible("#factor-state"))
	testbed.Eventually(t, "the state", func() error { return shows(page, "#factor-state", "On:") })

	client := contract.NewClient(r.base)
	mustChange(t, client, client.Token(t, root), 2)
	signInAgain(page, t)
	act(page, t, chromedp.Click("#use-recovery"), chromedp.SendKeys("#otp", recovery[1]+"\r"), chromedp.WaitVisible("#next"),
		chromedp.SendKeys("#next", "battery staple\r"), chromedp.WaitVisible("#factor-state")) // the code is not typed twice
	act(page, t, chromedp.SendKeys("#factor-password", "battery staple"), chromedp.SendKeys("#factor-otp", recovery[2]), chromedp.Click("#factor-off"))
	testbed.Eventually(t, "the state", func() error { return shows(page, "#factor-state", "Off:") })
}

// signInAgain signs out and in, up to the question for the code.
func signInAgain(page context.Context, t *testing.T) {
	t.Helper()
	act(page, t, chromedp.Click("#sign-out"), chromedp.WaitVisible("#credentials"), chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", "correct horse"),
		chromedp.Click("#sign-in"), chromedp.WaitVisible("#otp"))
}

func wantFocus(page context.Context, t *testing.T, id string) {
	t.Helper()
	testbed.Eventually(t, "the focus on "+id, func() error {
		return want(evaluate[string](page, t, `document.activeElement.id`), id)
	})
}

// appCode is the code that an authenticator app shows that many steps from now.
func appCode(t *testing.T, key string, steps int64) string {
	t.Helper()
	secret, err := base32.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+steps)))
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1000000)
}
