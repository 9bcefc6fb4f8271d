//go:build journeys

package system_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// observer notes what must not happen in a tab: errors of scripts, of the policy, and requests to other hosts.
type observer struct {
	base string

	mu    sync.Mutex
	wrong []string
}

func observe(page context.Context, t *testing.T, base string) *observer {
	t.Helper()
	o := &observer{base: base}
	if err := chromedp.Listen(page, o.note); err != nil {
		t.Fatal(err)
	}
	act(page, t, func(ctx context.Context, target *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, target, network.Enable, network.EnableParams{})
		return none, err
	})
	return o
}

func (o *observer) note(event any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		o.wrong = append(o.wrong, fmt.Sprintf("exception: %+v", e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			o.wrong = append(o.wrong, fmt.Sprintf("console: %+v", e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork { // a response that is an error is no error of the page
			o.wrong = append(o.wrong, "log: "+e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, o.base+"/") && !strings.HasPrefix(url, "blob:"+o.base) && url != "about:blank" && !strings.HasPrefix(url, "data:") {
			o.wrong = append(o.wrong, "request to "+url)
		}
	}
}

func (o *observer) check(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range o.wrong {
		t.Error(one)
	}
}

// contrast lists text whose contrast is below 4.5:1 (large text: 3:1) and borders of fields below 3:1 (WCAG 2.1, 1.4.3 and 1.4.11).
const contrast = `(() => {
	const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return {r: n[0], g: n[1], b: n[2], a: n[3] ?? 1} };
	const over = (top, under) => ({r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1});
	const behind = (node) => { const layers = []; for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
		return layers.reverse().reduce((under, layer) => over(layer, under), {r: 255, g: 255, b: 255, a: 1}) };
	const light = (c) => { const [r, g, b] = [c.r, c.g, c.b].map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05) };
	const found = [];
	for (const node of document.querySelectorAll("body *")) {
		if (!node.checkVisibility({visibilityProperty: true, opacityProperty: true}) || node.closest("[disabled], :disabled, .unseen")) continue;
		const style = getComputedStyle(node);
		const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
		if (text && node.localName !== "option") {
			const paint = node.namespaceURI.endsWith("svg") ? style.fill : style.color;
			const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
			const back = behind(node), got = ratio(over(parse(paint), back), back);
			if (got < (large ? 3 : 4.5)) found.push(node.outerHTML.slice(0, 80) + " " + got.toFixed(2));
		}
		if (node.matches("input:not([type=checkbox]), select, textarea")) {
			const got = ratio(parse(style.borderTopColor), behind(node.parentElement));
			if (got < 3) found.push("border of #" + node.id + " " + got.toFixed(2));
		}
	}
	return found.slice(0, 10).join("\n");
})()`

// audit looks at the page at two widths and in two schemes, and keeps pictures. The page is then as it was.
func (w *walk) audit(name string, width int64, scheme string) {
	w.t.Helper()
	w.nameless()
	for _, at := range []int64{390, 1280} {
		act(w.page, w.t, chromedp.EmulateViewport(at, 900))
		if over := evaluate[int64](w.page, w.t, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			w.t.Errorf("%s at %d: the page is %d pixels too wide", name, at, over)
		}
		for _, colours := range []string{"light", "dark"} {
			act(w.page, w.t, prefers(colours))
			if found := evaluate[string](w.page, w.t, contrast); found != "" {
				w.t.Errorf("%s at %d, %s: little contrast:\n%s", name, at, colours, found)
			}
			if (at == 1280) == (colours == "light") { // the others differ in their colours alone
				save(w.page, w.t, fmt.Sprintf("%s-%d-%s", name, at, colours), chromedp.FullScreenshot(100))
			}
		}
	}
	act(w.page, w.t, chromedp.EmulateViewport(width, 900), prefers(scheme))
}

// nameless fails the test if a control, a table, a picture or a dialog has no name in the accessibility tree.
func (w *walk) nameless() {
	w.t.Helper()
	tree, err := chromedp.Run(w.page, func(ctx context.Context, target *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, target, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	named := []string{"button", "link", "textbox", "searchbox", "combobox", "spinbutton", "checkbox", "radio", "dialog", "alertdialog", "table", "image", "meter", "navigation", "DisclosureTriangle", "Date"}
	controls := 0
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		role := strings.Trim(string(node.Role.Value), `"`)
		if !slices.Contains(named, role) {
			continue
		}
		controls++
		if node.Name == nil || strings.Trim(string(node.Name.Value), `" `) == "" {
			w.t.Errorf("a %s has no name: %+v", role, node.Properties)
		}
	}
	if controls == 0 {
		w.t.Error("the accessibility tree has no control: the test looks in the wrong way")
	}
}
