// The API reference: the calls of the routes of the gateway, and Tallygate's own. #/reference/createKey is one call.
import { $, el, empty, hint, link, part } from "../parts/dom.js";
import { input } from "../parts/form.js";
import { keyOf, load } from "./openapi.js";
import { members } from "./schema.js";
import { prose, tryIt } from "./tryit.js";

export function showReference(room) {
  const all = part({ id: "reference", load, draw: (api) => draw(room, api) });
  room.update = () => show(room);
  all.refresh().then(() => show(room));
  return all.section;
}

function draw(room, api) {
  room.api = api;
  const search = input("search", { type: "search", value: room.params.get("q") ?? "", placeholder: "path, name or word", oninput: () => filter(room) });
  return [
    el("div", { class: "toc" },
      el("div", { class: "field" }, el("label", { for: "search" }, "Find a call"), search),
      el("nav", { "aria-label": "Calls", id: "calls" }, ...contents(api))),
    el("div", { class: "text" }, ...introduction(api),
      ...chapter(room, api, "your-api", "Your API", api.own, "No routes besides Tallygate's own. A routes file puts your service behind the gateway."),
      ...chapter(room, api, "tallygate", "Tallygate", api.builtin, ""),
      hint("This page shows ", link($("openapi").href, "the OpenAPI description", { id: "openapi-link" }), ", from which programs can make clients.")),
  ];
}

function contents(api) {
  return [["Your API", api.own], ["Tallygate", api.builtin]].filter(([, groups]) => groups.length).flatMap(([title, groups]) => [
    el("h2", {}, title), ...groups.map((group) => el("details", { open: true }, el("summary", {}, group.title), el("ul", {}, ...group.operations.map((op) =>
      el("li", { "data-call": op.id }, el("a", { href: `#/reference/${encodeURIComponent(op.id)}` }, el("span", { class: `method ${op.method}` }, op.method), " ", op.path)))))),
  ]);
}

function introduction({ doc, server }) {
  const base = location.origin + server;
  return [el("section", { id: "begin" }, el("h2", {}, `${doc.info?.title ?? "API"} ${doc.info?.version ?? ""}`), ...prose(doc.info?.description),
    el("dl", { class: "facts" }, el("dt", {}, "Base URL"), el("dd", {}, el("code", {}, base))),
    el("h3", {}, "Who is calling"),
    el("p", {}, "Send an API key with each call: ", el("code", {}, "Authorization: Bearer tg_…"), ". You make one under ", link("#/keys", "API keys"),
      ". The code on this page reads it from the environment variable ", el("code", {}, "TALLYGATE_KEY"), "."),
    el("p", {}, "A program with a sign-in of its own gets a token with ", link("#/reference/signIn", "POST /token"), " and sends it in the same way. Calls marked open need neither."),
    el("h3", {}, "Errors"),
    el("p", {}, "A 401 about a token or key has the body ", el("code", {}, '{"message":"Token is not valid"}'), ". Every other error is ", el("code", {}, "application/problem+json"),
      " (RFC 9457): ", el("code", {}, "type"), " leads to a page with cause and cure", $("problems") && [" (", link($("problems").href, "all of them", { id: "problems-link" }), ")"], ", and ", el("code", {}, "message"), " is a sentence for people. ",
      "After a 429 or 503, wait as many seconds as ", el("code", {}, "Retry-After"), " says."))];
}

function chapter(room, api, id, title, groups, none) {
  return [el("h2", { id, class: "chapter" }, title), ...(groups.length ? groups.map((group) => section(room, api, group)) : [empty(`no-${id}`, none)])];
}

function section(room, api, group) {
  return el("section", { class: "group" }, el("h3", {}, group.title), ...(group.route ? routeFacts(group.route) : []), ...prose(group.about),
    ...group.operations.map((op) => box(room, api, op)),
    group.operations.length === 0 && hint("This route has no description of its calls. ", link(`#/call?route=${encodeURIComponent(group.name)}`, "Call it"), "."));
}

// routeFacts say under which conditions a route is called.
export function routeFacts(route) {
  if (!route.path) return [];
  const methods = Array.isArray(route.methods) && route.methods.length ? route.methods.join(", ") : "all methods";
  const roles = Array.isArray(route.roles) && route.roles.length ? `, for the roles ${route.roles.join(", ")}` : "";
  const cost = Number(route.cost) > 1 ? `, ${route.cost} units a call` : "";
  return [el("p", { class: "hint" }, el("code", {}, String(route.path ?? "")), `: ${methods}${route.auth === "public" ? ", open" : ""}${roles}${cost}`)];
}

// box is a call. What it has inside is made when it is opened: there may be thousands.
function box(room, api, op) {
  const inside = el("div", { class: "inside" });
  const details = el("details", { class: "call", id: `call-${op.key}`, "data-call": op.id, ontoggle: () => {
    if (details.open && !inside.firstChild) inside.append(...content(room, api, op));
  } }, el("summary", {}, el("span", { class: `method ${op.method}` }, op.method), " ", el("code", {}, op.url), el("span", { class: "summary" }, ` ${op.summary}`), op.open && el("span", { class: "type" }, " open"),
    op.deprecated && el("span", { class: "warn" }, " deprecated")), inside);
  return details;
}

function content(room, { doc }, op) {
  const parameters = op.parameters.length > 0 && el("dl", { class: "members" }, ...op.parameters.flatMap((one) =>
    [el("dt", {}, el("code", {}, one.name), el("span", { class: "type" }, ` in ${one.in}${one.required ? "" : ", optional"}`)), el("dd", {}, ...prose(one.description))]));
  return [
    el("p", {}, link(`#/reference/${encodeURIComponent(op.id)}`, "Link to this call")), ...prose(op.description),
    parameters && el("h4", {}, "Parameters"), parameters, op.body && el("h4", {}, `Body, ${op.body.media}`), op.body && members(doc, op.body.schema),
    el("h4", {}, "Try it"), tryIt(room, doc, op),
    el("h4", {}, "Responses"), ...op.responses.map((one) => answer(doc, one)),
  ].filter(Boolean);
}

function answer(doc, one) {
  const sample = one.example === undefined ? null : el("pre", { tabindex: 0, "aria-label": `An example of the response ${one.status}` }, el("code", {}, typeof one.example === "string" ? one.example : JSON.stringify(one.example, null, 2)));
  const good = /^[123]/.test(one.status);
  return el("details", { open: good, class: "response" }, el("summary", {}, el("strong", {}, one.status), ` ${one.description.split(/(?<=[.:])\s/)[0]}`),
    ...prose(one.description), good && one.schema && members(doc, one.schema), sample);
}

// filter leaves the calls that have every word.
function filter(room) {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Set(room.api.operations.filter((op) => {
    const all = `${op.method} ${op.url} ${op.id} ${op.group} ${op.summary} ${op.description}`.toLowerCase();
    return words.every((word) => all.includes(word));
  }).map((op) => op.id));
  for (const node of document.querySelectorAll("[data-call]")) node.hidden = words.length > 0 && !found.has(node.dataset.call);
  for (const group of document.querySelectorAll("section.group, #calls details")) group.hidden = words.length > 0 && !group.querySelector("[data-call]:not([hidden])");
}

// show opens the call that the address names.
function show(room) {
  if (room.params.get("q")) filter(room);
  const target = room.rest && $(`call-${keyOf(room.rest)}`);
  if (!target) return;
  if (target.hidden) {
    $("search").value = "";
    filter(room);
  }
  target.open = true;
  target.querySelector("summary").focus({ preventScroll: true });
  target.scrollIntoView({ block: "start" });
}
