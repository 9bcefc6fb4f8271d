//go:build journeys

package system_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestJourneysPastPayloads shows the description of a hostile service in the reference and in the form to make a call. 100 payloads stand
// wherever a description has a name or a text, and in what the service responds. None may run, become an element, or load anything.
func TestJourneysPastPayloads(t *testing.T) {
	t.Parallel()
	browser, all := chromium(t), payloads(t)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	routes := "routes:\n  - {name: hostile, path: /hostile, upstream: " + hostile(t, all) + ", auth: public, openapi: /openapi.json}\n"
	if err := os.WriteFile(file, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRunner(t, t.TempDir(), "ROUTES_FILE="+file)
	r.waitReady(t)
	page := openBrowser(t, browser)
	runOnCarelessPage(openTab(page, t), t, all)

	setTraps(page, t)
	seen := observe(page, t, r.base)
	w := &walk{t: t, page: page, seen: seen, r: r, client: contract.NewClient(r.base), name: "ada"}
	testbed.Eventually(t, "the description of the service", func() error {
		if got := w.gets("/openapi.json", ""); !strings.Contains(got.Body, `"/hostile/99/`) {
			return fmt.Errorf("got %d bytes", len(got.Body))
		}
		return nil
	})
	w.visit("/docs")
	w.wait("#reference details.call")
	evaluate[bool](page, t, `document.querySelectorAll("#reference details").forEach((one) => { one.open = true }), true`)
	w.showsAsText(all)
	w.runsAll()
	w.unharmed()
	calls := evaluate[[][2]string](page, t, hostileBoxes+`.map((one) => [one.dataset.call, one.querySelector("code").textContent])`)

	w.register()
	for _, call := range calls {
		id, err := json.Marshal(call[0])
		if err != nil {
			t.Fatal(err)
		}
		evaluate[bool](page, t, `location.hash = "#/call?route=hostile&call=" + encodeURIComponent(`+string(id)+`), true`)
		stem := call[1][:strings.LastIndex(call[1], "/")]
		w.sees("#call .trial pre", stem)
		w.unharmed()
	}
	seen.check(t)
}

// hostileBoxes is a script: the calls of the service in the reference.
const hostileBoxes = `[...document.querySelectorAll("details.call")].filter((one) => one.querySelector("code").textContent.startsWith("/hostile/"))`

// payloads are those that the gateway's own test puts into descriptions.
func payloads(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "gateway/internal/apidoc/testdata/payloads.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil || len(all) != 100 {
		t.Fatalf("got %d payloads, %v", len(all), err)
	}
	return all
}

// pathName is a payload that can be the name of a part of a path.
var pathName = regexp.MustCompile("^[^\\x00-\\x20\"<>?#\\\\^`|{}/%;\u2028]+$")

// hostile is a service whose description has a call for each payload. It responds with the payload, as HTML.
func hostile(t *testing.T, all []string) string {
	t.Helper()
	const call = `{"summary": P, "post": {"operationId": P, "tags": [P], "description": P, "deprecated": true, "externalDocs": {"url": P, "description": P},
		"parameters": [{"name": P, "in": "query", "required": true, "description": P, "schema": {"enum": [P], "title": P, "pattern": P, "format": P, "default": P}}],
		"requestBody": {"description": P, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/N"}, "example": {P: P, "inner": {"__proto__": {"polluted": P}, "constructor": {"prototype": {"polluted": P}}}}}}},
		"responses": {"200": {"description": P, "content": {"text/html": {"schema": {"properties": {P: {"description": P, "enum": [P]}}}, "example": P}}},
			"400": {"description": P, "content": {P: {"schema": {"type": P, "title": P}, "example": {P: P}}}}}}}`
	const schema = `{"type": "object", "required": [P], "properties": {P: {"type": "string", "description": P, "format": P, "default": P, "example": P}}}`
	paths, schemas := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for i, payload := range all {
		quoted, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		name := "name"
		if pathName.MatchString(payload) {
			name = payload
		}
		number := strconv.Itoa(i)
		paths["/hostile/"+number+"/{"+name+"}"] = json.RawMessage(strings.NewReplacer("P", string(quoted), "schemas/N", "schemas/s"+number).Replace(call))
		schemas["s"+number] = json.RawMessage(strings.ReplaceAll(schema, "P", string(quoted)))
	}
	description, err := json.Marshal(map[string]any{
		"openapi": "3.1.0", "paths": paths, "components": map[string]any{"schemas": schemas},
		"info": map[string]string{"title": all[0] + all[17], "version": all[1], "description": strings.Join(all, "\n\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/openapi.json" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(description)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		if i, err := strconv.Atoi(strings.Split(r.URL.Path, "/")[2]); err == nil {
			_, _ = io.WriteString(w, all[i])
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// setTraps makes the pages of a tab note what runs, and what the policy has to stop.
func setTraps(page context.Context, t *testing.T) {
	t.Helper()
	const traps = `window.ran = [];
		for (const name of ["alert", "confirm", "prompt", "eval", "print", "open"]) window[name] = (...given) => { ran.push(name + " " + given) };
		addEventListener("securitypolicyviolation", (event) => ran.push("stopped: " + event.violatedDirective + " " + event.blockedURI), true)`
	act(page, t, func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, target, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: traps})
		return none, err
	})
}

// runOnCarelessPage shows that the traps catch: a page that takes the payloads for HTML runs many of them.
func runOnCarelessPage(page context.Context, t *testing.T, all []string) {
	t.Helper()
	setTraps(page, t)
	visit(page, t, "about:blank")
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	evaluate[bool](page, t, `window.frames_ = `+string(text)+`.map((payload) => {
		const frame = document.body.appendChild(document.createElement("iframe"));
		frame.srcdoc = payload;
		return frame;
	}), true`)
	testbed.Eventually(t, "payloads to run where nobody takes care", func() error {
		const count = `frames_.filter((frame) => { try { return frame.contentWindow.ran.length } catch { return true } }).length + ran.length`
		if n := evaluate[int](page, t, count); n < 30 {
			return fmt.Errorf("%d have run", n)
		}
		return nil
	})
}

// showsAsText: each call shows its payload, letter by letter.
func (w *walk) showsAsText(all []string) {
	w.t.Helper()
	text, err := json.Marshal(all)
	if err != nil {
		w.t.Fatal(err)
	}
	testbed.Eventually(w.t, "each payload as a text", func() error {
		if missing := evaluate[string](w.page, w.t, hostileBoxes+`.flatMap((box) => {
			const bare = (text) => text.split("\x60").join(""); // what is in backquotes is shown as code, without them
			const payload = bare(`+string(text)+`[box.querySelector("code").textContent.split("/")[2]]);
			return ["summary", "option", ".members dt", ".members dd", ".response summary", ".response pre"].filter((where) =>
				![...box.querySelectorAll(where)].some((one) => bare(one.textContent).includes(payload))).map((where) => where + " without " + payload);
		}).join("\n")`); missing != "" {
			return errors.New(missing)
		}
		return want(strconv.Itoa(evaluate[int](w.page, w.t, hostileBoxes+".length")), strconv.Itoa(len(all)))
	})
}

// runsAll makes every call, in each language too.
func (w *walk) runsAll() {
	w.t.Helper()
	evaluate[bool](w.page, w.t, hostileBoxes+`.forEach((box) => {
		box.querySelectorAll(".tab").forEach((tab) => tab.click());
		box.querySelector("form").requestSubmit();
	}), true`)
	testbed.Eventually(w.t, "each response", func() error {
		if n := evaluate[int](w.page, w.t, hostileBoxes+`.filter((box) => box.querySelector(".answer").textContent.includes("200 OK")).length`); n != 100 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
}

// unharmed: nothing has run, and there is nothing in the page that the page has not made.
func (w *walk) unharmed() {
	w.t.Helper()
	const harm = `(() => {
		const own = "a button code dd details div dl dt form h1 h2 h3 h4 input label li nav option p pre section select small span strong summary textarea ul".split(" ");
		const all = [...document.querySelectorAll("#view *")], ids = all.map((one) => one.id).filter(Boolean);
		return [
			...ran, location.origin === ORIGIN ? [] : location.href,
			...Object.keys(Object.prototype), ({}).polluted ?? [],
			...all.filter((one) => !own.includes(one.localName)).map((one) => "element " + one.outerHTML),
			...all.flatMap((one) => [...one.attributes]).filter(({name}) => /^on|^(style|src|srcset|srcdoc|action|formaction|autofocus)$/.test(name)).map((one) => "attribute " + one.name + " " + one.value),
			...all.filter((one) => one.localName === "a" && one.origin !== ORIGIN).map((one) => "link to " + one.href),
			...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => "id twice: " + id),
		].flat().slice(0, 10).join("\n");
	})()`
	origin, err := json.Marshal(w.r.base)
	if err != nil {
		w.t.Fatal(err)
	}
	if got := evaluate[string](w.page, w.t, strings.ReplaceAll(harm, "ORIGIN", string(origin))); got != "" {
		w.t.Fatal(got)
	}
}
