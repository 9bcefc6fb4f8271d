// Forms and dialogs. An error about one field is tied to it.
import { $, el, notice } from "./dom.js";

// field is a control with its label, and a hint below it. control has an id.
export function field(label, control, help) {
  if (help) control.setAttribute("aria-describedby", `${control.id}-help`);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, help && el("small", { id: `${control.id}-help` }, help));
}

export const input = (id, attributes = {}) => el("input", { id, autocomplete: "off", ...attributes });
export const password = (id, attributes = {}) => input(id, { type: "password", autocomplete: "current-password", required: true, ...attributes });

// select has options, each a value and a text.
export const select = (id, options, value, attributes = {}) =>
  el("select", { id, ...attributes }, ...options.map(([key, text]) => el("option", { value: key, selected: key === value }, text)));

// form calls submit, shows its error, and moves the focus to the field that the error is about: problem types like invalid-routes
// name it. It returns the form.
export function form(attributes, children, submit) {
  const error = el("p", { role: "alert", class: "alarm", id: `${attributes.id}-error` });
  const node = el("form", { novalidate: false, ...attributes }, ...children);
  (node.querySelector(".row:last-child") ?? node.lastElementChild).before(error);
  let busy = false;
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    node.setAttribute("aria-busy", "true");
    clear(node, error);
    try {
      await submit(event.submitter);
    } catch (err) {
      if (node.isConnected) show(node, error, err);
      else notice(err.message, true);
    } finally {
      busy = false;
      node.removeAttribute("aria-busy");
    }
  });
  return node;
}

function clear(node, error) {
  notice("");
  error.textContent = "";
  for (const control of node.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-errormessage");
  }
}

function show(node, error, err) {
  error.textContent = err.message;
  const control = err.kind?.startsWith("invalid-") && node.elements.namedItem(err.kind.slice("invalid-".length));
  if (!control?.focus) return;
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-errormessage", error.id);
  control.focus();
}

// openDialog shows a dialog until it is cancelled or submit has succeeded. submit may return what gets the focus then; otherwise it
// goes back to where it was.
export function openDialog({ id, title, content = [], yes, danger, submit }) {
  const before = document.activeElement;
  const close = () => node.close();
  const body = form({ id: `${id}-form` }, [
    el("h2", { id: `${id}-title` }, title), ...content,
    el("div", { class: "row" },
      el("button", { type: "submit", id: `${id}-yes`, class: danger && "danger" }, yes),
      el("button", { type: "button", class: "plain cancel", autofocus: danger, onclick: close }, "Cancel")),
  ], async () => {
    const next = await submit();
    node.close();
    next?.focus();
    next?.select?.();
  });
  const node = el("dialog", { id, "aria-labelledby": `${id}-title` }, body);
  node.addEventListener("close", () => {
    node.remove();
    if (document.activeElement === document.body && before?.isConnected) before.focus();
  });
  notice("");
  document.body.append(node);
  node.showModal();
}

// ask lets the user confirm what has consequences, which text tells.
export const ask = (title, text, yes, submit) => openDialog({ id: "question", title, content: [el("p", {}, text)], yes, danger: true, submit });

export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

// whole reads an optional whole number. An empty field is null, which is no limit.
export const whole = (id) => ($(id).value === "" ? null : $(id).valueAsNumber);
export const names = (text) => text.split(/[\s,]+/).filter(Boolean);
