package system_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestConsoleTwoAdministratorsAtOnce: what one has open in the console, another one changes by the API. Nothing is lost: neither what the
// other one has set, nor what was typed.
func TestConsoleTwoAdministratorsAtOnce(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	r := startWithRoot(t)
	client := contract.NewClient(r.base)
	register(t, client, contract.Credentials{Username: "ada", Password: "correct horse"})
	other := otherAdministrator{client, client.Token(t, contract.Credentials{Username: "root", Password: "correct horse"})}
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/users")
	enter(page, t, "root", "correct horse", "#sign-in")
	other.userIsChanged(page, t)
	other.userIsDisabled(page, t)
	other.planIsMade(page, t)
	other.planIsChanged(page, t)
}

type otherAdministrator struct {
	client *contract.Client
	token  string
}

const (
	adaPath = "/admin/users/2"
	proPath = "/admin/plans/pro"
)

// does makes a call.
func (a otherAdministrator) does(t *testing.T, method, path string, members map[string]any, status int) {
	t.Helper()
	if err := a.client.Call(a.token, method, path, members, nil, status); err != nil {
		t.Fatal(err)
	}
}

// wants fails the test if what a path has is not like that.
func (a otherAdministrator) wants(t *testing.T, path string, want map[string]string) {
	t.Helper()
	got, err := a.client.Do(http.MethodGet, path, http.Header{"Authorization": {a.token}}, nil)
	var members map[string]any
	if err == nil {
		err = json.Unmarshal([]byte(got.Body), &members)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if fmt.Sprint(members[name]) != value {
			t.Errorf("%s of %s is %v, want %s", name, path, members[name], value)
		}
	}
}

func (a otherAdministrator) userIsChanged(page context.Context, t *testing.T) {
	t.Helper()
	act(page, t, chromedp.Click(`[aria-label="Change ada"]`), chromedp.WaitVisible("#user-quota"))
	choose(page, t, "user-quota", "70000")
	a.does(t, http.MethodPatch, adaPath, map[string]any{"monthly_quota": 111, "roles": []string{"analyst"}}, http.StatusOK)
	act(page, t, chromedp.Click("#user-dialog-yes"))
	testbed.Eventually(t, "what has happened", func() error {
		return shows(page, "#user-dialog-form-error", "Somebody else has changed ada meanwhile. Nothing was saved.")
	})
	picture(page, t, "meanwhile")
	a.wants(t, adaPath, map[string]string{"monthly_quota": "111", "roles": "[analyst]"})
	act(page, t, chromedp.Click("#user-dialog-load"))
	testbed.Eventually(t, "the new state", func() error {
		return shows(page, "#user-dialog-said", "What you typed is kept: Units a month. The other one has set Units a month to 111.")
	})
	wantFocus(page, t, "user-dialog-yes")
	if got := evaluate[string](page, t, `["user-quota", "user-roles"].map((id) => document.getElementById(id).value).join()`); got != "70000,analyst" {
		t.Errorf("the fields have %s", got)
	}
	accessible(page, t)
	act(page, t, chromedp.Click("#user-dialog-yes"))
	testbed.Eventually(t, "the change", func() error { return shows(page, "#notice", "ada is changed.") })
	a.wants(t, adaPath, map[string]string{"monthly_quota": "70000", "roles": "[analyst]"})
}

func (a otherAdministrator) userIsDisabled(page context.Context, t *testing.T) {
	t.Helper()
	act(page, t, chromedp.Click(`#users a[href="#/users/2"]`), chromedp.WaitVisible("#disable"), chromedp.Click("#disable"), chromedp.WaitVisible("#question"))
	a.does(t, http.MethodPatch, adaPath, map[string]any{"roles": []string{"ops"}}, http.StatusOK)
	act(page, t, chromedp.Click("#question-yes"))
	testbed.Eventually(t, "what has happened", func() error {
		return shows(page, "#question-form-error", "Somebody else has changed ada meanwhile. Nothing was done.")
	})
	testbed.Eventually(t, "the new state", func() error { return shows(page, "#user-part", "ops") })
	a.wants(t, adaPath, map[string]string{"disabled": "false"})
	act(page, t, chromedp.Click("#question-yes"))
	testbed.Eventually(t, "the change", func() error { return shows(page, "#notice", "ada is disabled.") })
	a.wants(t, adaPath, map[string]string{"disabled": "true", "roles": "[ops]"})
}

func (a otherAdministrator) planIsMade(page context.Context, t *testing.T) {
	t.Helper()
	goTo(page, t, "plans")
	act(page, t, chromedp.WaitVisible("#plans"))
	a.does(t, http.MethodPut, proPath, map[string]any{"requests_per_day": 5}, http.StatusCreated)
	act(page, t, chromedp.Click("#new-plan"), chromedp.WaitVisible("#plan-name"), chromedp.SendKeys("#plan-name", "pro"), chromedp.Click("#plan-dialog-yes"))
	testbed.Eventually(t, "that there is one", func() error { return shows(page, "#plan-dialog-form-error", "There is a plan pro already.") })
	a.wants(t, proPath, map[string]string{"requests_per_day": "5"})
	act(page, t, chromedp.Click("#plan-dialog .cancel"))
}

func (a otherAdministrator) planIsChanged(page context.Context, t *testing.T) {
	t.Helper()
	goTo(page, t, "users")
	goTo(page, t, "plans")
	act(page, t, chromedp.Click(`[aria-label="Change the plan pro"]`), chromedp.WaitVisible("#plan-rates"), chromedp.SendKeys("#plan-rates", "root 7/m"))
	a.does(t, http.MethodPut, proPath, map[string]any{"requests_per_day": 6, "in_flight": 2}, http.StatusOK)
	act(page, t, chromedp.Click("#plan-dialog-yes"), chromedp.WaitVisible("#plan-dialog-load"), chromedp.Click("#plan-dialog-load"))
	testbed.Eventually(t, "the new state", func() error { return shows(page, "#plan-dialog-said", "What you typed is kept: Rates. Look at it") })
	act(page, t, chromedp.Click("#plan-dialog-yes"))
	testbed.Eventually(t, "the change", func() error { return shows(page, "#notice", "The plan pro is changed.") })
	a.wants(t, proPath, map[string]string{"requests_per_day": "6", "in_flight": "2", "rates": "[map[burst:7 rate:7/m route:root]]"})
}
