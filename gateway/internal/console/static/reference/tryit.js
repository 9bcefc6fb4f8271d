// A form to make one call: its fields, the same call as code, and what comes back.
import { button, el, guarded, hint, link, notice } from "../parts/dom.js";
import { field, input, select } from "../parts/form.js";
import { bytes } from "../parts/format.js";
import { languages } from "./samples.js";
import { sample, text, types } from "./openapi.js";

const longest = 100_000; // characters of a response that are shown

let language = "curl"; // what was chosen last

// tryIt makes the form of an operation. id begins the ids of its fields.
export function tryIt(room, doc, op, id = op.key) {
  const fields = op.parameters.filter((one) => one.in === "query" || one.in === "path").map((one) => parameter(doc, one, id));
  const next = encodeURIComponent(room.path === "reference" ? `reference/${encodeURIComponent(op.id)}` : room.here());
  const path = op.free && input(`${id}-path`, { value: op.url, required: true, spellcheck: "false" });
  const body = op.body && el("textarea", { id: `${id}-body`, rows: 6, class: "code", spellcheck: "false", value: bodyText(op.body) });
  const help = !op.open && room.signedIn() && hint("Without an API key the call is made with your session.");
  if (help) help.id = `${id}-key-help`;
  const key = !op.open && input(`${id}-key`, { type: "password", autocomplete: "off", placeholder: help ? "your session" : "tg_…", spellcheck: "false", "aria-describedby": help && help.id });
  const call = () => ({
    method: op.method, url: location.origin + (path ? path.value : target(op.url, fields)), open: op.open,
    body: body && body.value !== "" ? body.value : undefined, media: op.body?.media,
  });
  const code = codeBox(id, call);
  const answer = el("div", { id: `${id}-answer`, class: "answer", role: "status" });
  const form = el("form", { class: "try", id: `${id}-try`, onsubmit: guarded(() => run(room, call(), key && key.value.trim(), answer)), oninput: code.draw },
    path && field("Path and query", path), fields.length > 0 && el("div", { class: "row fields" }, ...fields.map((one) => one.node)),
    body && field(`Body (${op.body.media})`, body),
    el("div", { class: "row" }, key && field("API key", key),
      el("button", { type: "submit", id: `${id}-run` }, "Run"),
      !op.open && !room.signedIn() && el("span", {}, link(`#/sign-in?next=${next}`, "Sign in"), " or ", link(`#/register?next=${next}`, "register"), " to call without a key.")), help);
  return el("div", { class: "trial" }, form, code.node, answer);
}

const bodyText = (body) => (typeof body.example === "string" ? body.example : body.example === undefined ? "" : JSON.stringify(body.example, null, 2));

function parameter(doc, one, id) {
  const schema = one.schema ?? {};
  const value = one.example ?? (one.required ? sample(doc, schema) : undefined);
  const given = value === undefined || value === null || typeof value === "object" ? "" : String(value);
  const options = Array.isArray(schema.enum) ? schema.enum.map(String) : null;
  const name = `${id}-${one.in}-${one.name.replace(/\W/g, "_")}`;
  const control = options
    ? select(name, [...(one.required ? [] : [["", ""]]), ...options.map((option) => [option, option])], given)
    : input(name, { value: given, required: one.required === true, spellcheck: "false" });
  return { in: one.in, name: one.name, control, node: field(`${one.name} (${one.in}, ${types(schema)[0]}${one.required ? "" : ", optional"})`, control) };
}

// target is the path with its parameters, and the query.
function target(path, fields) {
  let url = path;
  const query = new URLSearchParams();
  for (const one of fields) {
    if (one.in === "path") url = url.replaceAll(`{${one.name}}`, encodeURIComponent(one.control.value));
    else if (one.control.value !== "") query.append(one.name, one.control.value);
  }
  return query.size ? `${url}?${query}` : url;
}

// codeBox shows the call in the chosen language.
function codeBox(id, call) {
  const code = el("code", {});
  const tabs = languages.map(([name]) => el("button", { type: "button", class: "tab", id: `${id}-${name}`, onclick: () => choose(name) }, name));
  const draw = () => {
    const [name, write] = languages.find(([one]) => one === language);
    code.textContent = write(call());
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.textContent === name));
  };
  function choose(name) {
    language = name;
    draw();
  }
  const copy = button("Copy", { about: "Copy the code" }, async () => {
    await navigator.clipboard.writeText(code.textContent).catch(() => { throw new Error("The browser did not let the text be copied. Select it, and press Ctrl+C."); });
    notice("Copied.");
  });
  const node = el("div", { class: "sample" }, el("div", { class: "row tabs", role: "group", "aria-label": "Language" }, ...tabs, copy), el("pre", { tabindex: 0, "aria-label": "The call as code" }, code));
  draw();
  return { node, draw };
}

async function run(room, { method, url, open, body, media }, key, answer) {
  if (!open && !key && !room.signedIn()) throw new Error("Type an API key, or sign in: the call needs to know who you are.");
  const headers = body === undefined ? {} : { "Content-Type": media };
  const options = { method, headers, body: method === "GET" || method === "HEAD" ? undefined : body, redirect: "manual", cache: "no-store" };
  const began = performance.now();
  answer.replaceChildren(hint("Waiting for the response …"));
  try {
    const response = open ? await fetch(url, options) : key ? await fetch(url, { ...options, headers: { ...headers, Authorization: `Bearer ${key}` } }) : await room.fetch(url, options);
    const first = performance.now() - began;
    answer.replaceChildren(...await shown(response, first));
  } catch (err) {
    answer.replaceChildren(el("p", { class: "alarm" }, err instanceof TypeError ? "There was no response: the connection broke off." : err.message));
  }
}

// shown are status, time, limits and body of a response.
async function shown(response, first) {
  if (response.type === "opaqueredirect") return [el("p", {}, "The response is a redirection. Browsers do not let a page see where it leads.")];
  const limits = response.headers.get("RateLimit");
  const type = response.headers.get("Content-Type") ?? "";
  const again = response.headers.get("Retry-After");
  const facts = [["Status", el("strong", { class: response.ok ? "" : "alarm" }, `${response.status} ${response.statusText}`)], ["Time", `${Math.round(first)} ms`],
    limits && ["RateLimit", el("code", {}, limits)], again && ["Retry-After", `${again} s`], ["Request id", el("code", {}, response.headers.get("X-Request-Id") ?? "")], type && ["Type", type]];
  const content = /json|text|xml|javascript|x-www-form-urlencoded/.test(type) ? pretty(await response.text(), type) : `${bytes((await response.blob()).size)} of ${type || "no type"}`;
  return [el("dl", { class: "facts" }, ...facts.filter(Boolean).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    content && el("pre", { tabindex: 0, "aria-label": "The body of the response" }, el("code", {}, content))].filter(Boolean);
}

function pretty(body, type) {
  let whole = body;
  if (type.includes("json")) {
    try {
      whole = JSON.stringify(JSON.parse(body), null, 2);
    } catch { /* shown as it came */ }
  }
  return whole.length > longest ? `${whole.slice(0, longest)}\n… and ${(whole.length - longest).toLocaleString()} more characters` : whole;
}

// prose shows the text of a description: its paragraphs, and what is in backquotes as code.
export const prose = (from) => text(from).split(/\n\s*\n/).filter((part) => part.trim()).map((part) =>
  el("p", {}, ...part.split(/`([^`]+)`/).map((piece, i) => (i % 2 ? el("code", {}, piece) : piece))));
