package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleWayBack: ada forgot the password. An administrator makes a link, ada opens it, and later has to change the password
// at a sign-in.
func TestConsoleWayBack(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startRunner(t, t.TempDir())
	r.waitReady(t)
	root := contract.Credentials{Username: "root", Password: "correct horse"}
	r.admin(t, root.Password, "create", root.Username)
	client := contract.NewClient(r.base)
	register(t, client, contract.Credentials{Username: "ada", Password: "forgotten"})
	page := openBrowser(t, browser)
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		act(page, t, actions...)
	}
	value := func(expression string) (text string) {
		t.Helper()
		text, err := chromedp.Run(page, chromedp.Evaluate[string](expression))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	do(chromedp.Navigate(r.base+"/"),
		chromedp.SendKeys("#username", root.Username), chromedp.SendKeys("#password", root.Password), chromedp.Click("#sign-in"),
		chromedp.Click(`#nav a[href="#/users"]`), chromedp.Click(`#users a[href="#/users/2"]`), chromedp.WaitVisible("#reset-link"), chromedp.Click("#reset-link"), chromedp.WaitVisible("#made-link"))
	link := value(`document.getElementById("made-link").value`)
	if !strings.HasPrefix(link, r.base+"/#reset=tgr_") {
		t.Fatalf("the link is %q", link)
	}
	picture(page, t, "reset-link")

	do(chromedp.Click("#sign-out"), chromedp.WaitVisible("#credentials"))
	if left := value(`String(document.getElementById("made-link"))`); left != "null" {
		t.Errorf("after the sign-out the link is still there: %q", left)
	}
	do(chromedp.Navigate("about:blank"), chromedp.Navigate(link), chromedp.WaitVisible("#way-back"))
	if at := value("location.href"); at != r.base+"/" {
		t.Errorf("the token stands in the address: %s", at)
	}
	do(chromedp.SendKeys("#reset-password", "temporary"), chromedp.Click("#set-password"), chromedp.WaitVisible("#credentials"))
	testbed.Eventually(t, "the notice", func() error { return shows(page, "#notice", "The password is set.") })

	// The link again, in the same page: used.
	do(chromedp.Navigate(link), chromedp.WaitVisible("#way-back"), chromedp.SendKeys("#reset-password", "another"),
		chromedp.Click("#set-password"), chromedp.WaitVisible("#credentials"))
	testbed.Eventually(t, "the refusal", func() error { return shows(page, "#notice", "This reset token is used") })

	mustChange(t, client, client.Token(t, root), 2)
	do(chromedp.SendKeys("#username", "ada"), chromedp.SendKeys("#password", "temporary"), chromedp.Click("#sign-in"),
		chromedp.WaitVisible("#next"), chromedp.SendKeys("#next", "battery staple"), chromedp.Click("#sign-in"), chromedp.WaitVisible("#limits"))
	if hidden := value(`String(!/Users/.test(document.getElementById("nav").textContent))`); hidden != "true" {
		t.Error("ada sees the users")
	}
	client.Token(t, contract.Credentials{Username: "ada", Password: "battery staple"})
}

// mustChange makes a user change the password at the next sign-in.
func mustChange(t *testing.T, client *contract.Client, token string, userID int64) {
	t.Helper()
	header := http.Header{"Authorization": {token}, "Content-Type": {"application/json"}}
	got, err := client.Do(http.MethodPatch, fmt.Sprint("/admin/users/", userID), header, []byte(`{"must_change_password":true}`))
	var user struct{ Username string }
	if err != nil || json.Unmarshal([]byte(got.Body), &user) != nil || got.Status != http.StatusOK || user.Username != "ada" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// admin runs a command of auth-service beside the running one, on its database.
func (r *runner) admin(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Program("auth-service"), append([]string{"admin"}, args...)...)
	cmd.Env = append(os.Environ(), "DATABASE_URL=sqlite:"+filepath.Join(r.data, "tallygate.db"))
	cmd.Stdin = strings.NewReader(stdin + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}
