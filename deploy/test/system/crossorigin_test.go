package system_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// crossOrigin signs in, calls, and reads why it is refused: all that a page of another origin does.
const crossOrigin = `(async () => {
	const base = %BASE%, seen = {};
	const call = async (path, options) => {
		const response = await fetch(base + path, options);
		return {status: response.status, field: (name) => response.headers.get(name), body: await response.json().catch(() => ({}))};
	};
	const user = {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({username: "ada", password: "correct horse"})};
	seen.register = (await call("/users/register", user)).status;
	const signedIn = await call("/token", user);
	seen.token = signedIn.status;
	const authorized = {headers: {Authorization: "Bearer " + signedIn.body.token, "X-Request-Id": "page-1"}};
	const root = await call("/root?number=9&n=0.5", authorized);
	seen.root = root.body.root + " " + root.field("X-Request-Id");
	const refused = await call("/root?number=9&n=0.5", authorized);
	seen.refused = refused.status + " " + (refused.field("Retry-After") > 0) + " " + (refused.field("RateLimit") !== null) + " " + (refused.field("RateLimit-Policy") !== null);
	seen.tally = (await call("/users/me/usage", authorized)).status; // free, though the quota is used up
	const stranger = await call("/root?number=9&n=0.5", {headers: {Authorization: "nonsense"}});
	seen.stranger = stranger.status + " " + stranger.field("WWW-Authenticate");
	seen.method = (await call("/root", {...authorized, method: "DELETE"})).status;
	seen.nothing = (await call("/nothing", {...authorized, method: "PUT"})).status;
	seen.malformed = (await call("/root//x", authorized)).status;
	seen.docs = (await call("/openapi.json")).body.openapi.slice(0, 3);
	return JSON.stringify(seen);
})().catch((error) => "failed: " + error)`

// TestPagesOfOtherOrigins: with CORS_ORIGINS a browser lets a page of another origin do all this, and nothing without it.
func TestPagesOfOtherOrigins(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>another origin</title>")
	}))
	t.Cleanup(page.Close)
	for origins, want := range map[string]string{
		"https://app.example.org,http://127.0.0.1:*": `{"register":201,"token":200,"root":"3 page-1","refused":"429 true true true","tally":200,` +
			`"stranger":"401 Bearer error=\"invalid_token\"","method":405,"nothing":404,"malformed":400,"docs":"3.1"}`,
		"https://app.example.org": "failed: TypeError: Failed to fetch",
	} {
		t.Run(origins, func(t *testing.T) {
			t.Parallel()
			r := startRunner(t, t.TempDir(), "CORS_ORIGINS="+origins, "MONTHLY_QUOTA=1")
			r.waitReady(t)
			tab := openBrowser(t, browser)
			visit(tab, t, page.URL)
			if got := await(tab, t, strings.Replace(crossOrigin, "%BASE%", `"`+r.base+`"`, 1)); got != want {
				t.Errorf("got\n%s, want\n%s", got, want)
			}
		})
	}
}

// await runs a script and waits for what it promises.
func await(page context.Context, t *testing.T, script string) string {
	t.Helper()
	got, err := chromedp.Run(page, chromedp.Evaluate[string](script, func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return got
}
