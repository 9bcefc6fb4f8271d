// Elements, and what each page says to people. Nothing here knows a token.
export const $ = (id) => document.getElementById(id);

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

// el makes an element. Attributes that begin with on are listeners; children that are null or false are left out.
export const el = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// notice says something in the banner of the page.
export function notice(text, alarm = false) {
  const banner = $("notice");
  banner.classList.toggle("alarm", alarm);
  banner.hidden = !text;
  banner.textContent = text;
}

// guarded shows an error of a handler in the banner, and does nothing while the handler is at work.
export function guarded(handler) {
  let busy = false;
  return async (event) => {
    event?.preventDefault();
    if (busy) return;
    busy = true;
    notice("");
    try {
      await handler(event);
    } catch (err) {
      notice(err.message, true);
    } finally {
      busy = false;
    }
  };
}

// button is read out as about where that is given: what it does, out of its row.
export const button = (text, { about, ...attributes }, handler) =>
  el("button", { type: "button", class: "plain", "aria-label": about, ...attributes, onclick: guarded(handler) }, text);

export const hint = (...text) => el("p", { class: "hint" }, ...text);

// empty is what a list without entries shows: that there are none, and what to do next.
export const empty = (id, ...text) => el("p", { class: "empty", id }, ...text);

export const link = (href, text, attributes = {}) => el("a", { href, ...attributes }, text);

// copyable shows a text once, to be copied. done takes it off the page.
export function copyable({ id, label, text, done }) {
  const input = el("input", { id, readonly: true, value: text, size: 48, spellcheck: "false", autocomplete: "off", class: "code" });
  const take = async () => {
    input.select();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return notice("The text is selected: copy it with Ctrl+C.");
    }
    return notice("Copied.");
  };
  return el("form", { class: "made row", role: "group", "aria-label": label, onsubmit: guarded(take) },
    el("div", { class: "field grow" }, el("label", { for: id }, label), input),
    el("button", { type: "submit" }, "Copy"), done && button("I have stored it", { id: `${id}-done` }, done));
}

// part is a section whose content comes from calls. It keeps what it shows when a later call fails, says how old that is, and offers
// another try. draw makes the nodes from what load returns.
export function part({ id, title, load, draw, extra }) {
  const body = el("div", { class: "body" }, hint("Loading …"));
  const trouble = el("div", { class: "trouble", role: "alert", hidden: true });
  const heading = title && el("h2", { id: `${id}-title`, tabindex: -1 }, title);
  const section = el("section", { id, "aria-labelledby": title && `${id}-title` }, heading, extra, trouble, body);
  let shown = null;
  let turn = 0;
  async function refresh() {
    turn += 1;
    const mine = turn;
    section.setAttribute("aria-busy", "true");
    try {
      const nodes = [draw(await load())].flat().filter(Boolean);
      if (mine !== turn) return;
      const focused = body.contains(document.activeElement) && document.activeElement.id;
      body.replaceChildren(...nodes);
      if (focused) $(focused)?.focus();
      shown = new Date();
      trouble.hidden = true;
    } catch (err) {
      if (mine !== turn) return;
      if (!shown) body.replaceChildren();
      const age = shown ? ` What is shown here is from ${shown.toLocaleTimeString()}.` : "";
      trouble.replaceChildren(el("p", {}, err.message + age), button("Try again", {}, refresh));
      trouble.hidden = false;
    } finally {
      if (mine === turn) section.removeAttribute("aria-busy");
    }
  }
  return { section, heading, refresh };
}
