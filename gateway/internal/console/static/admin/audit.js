// The audit log: who did what to whom, the newest first. The filters stand in the address, so a link shows the same entries.
import { $, el, empty, hint, link, part } from "../parts/dom.js";
import { field, input, select } from "../parts/form.js";
import { at, number } from "../parts/format.js";
import { dayAfter } from "../parts/period.js";
import { table } from "../parts/table.js";
import { download } from "../parts/usage.js";

const filters = ["actor", "target", "action", "from", "to"];
const actions = [
  "create", "import", "edit", "reset", "password", "delete", "invite", "withdraw", "end sessions", "put plan", "delete plan",
  "totp-on", "totp-off", "totp-recovery-codes", "totp-recovery-used", "create-key", "rotate-key", "revoke-key",
];

export function showAudit(room) {
  const find = el("section", { "aria-label": "Filters" });
  const list = part({ id: "audit-part", title: "Entries", load: () => room.call("GET", `/admin/audit?${query(room, { limit: 50 })}`), draw: (page) => draw(room, page) });
  room.update = () => {
    find.replaceChildren(filterForm(room), hint("Done by: the name of a user, or command line. Done to: the name of a user or of a plan."));
    list.refresh();
  };
  room.update();
  return [find, list.section];
}

// query has the filters of the address. A day in the form is a day in UTC, and the last one is included: the call wants the day after.
function query(room, more) {
  const all = new URLSearchParams(more);
  for (const name of [...filters, "cursor"]) {
    const value = room.params.get(name);
    if (value) all.set(name, name === "to" ? dayAfter(value) : value);
  }
  return all;
}

function filterForm(room) {
  const value = (name) => room.params.get(name) ?? "";
  const apply = () => room.set({ ...Object.fromEntries(filters.map((name) => [name, $(`audit-${name}`).value.trim()])), cursor: "" });
  const who = (name) => input(`audit-${name}`, { type: "search", maxlength: 128, value: value(name), spellcheck: "false" });
  const date = (name) => input(`audit-${name}`, { type: "date", value: value(name), min: "1970-01-01", max: "8999-12-31" });
  return el("form", { id: "find-entries", class: "row", role: "search", onsubmit: (event) => { event.preventDefault(); apply(); } },
    field("Done by", who("actor")),
    field("Done to", who("target")),
    field("Action", select("audit-action", [["", "any"], ...actions.map((name) => [name, name])], value("action"))),
    field("First day (UTC)", date("from")),
    field("Last day (UTC)", date("to")),
    el("button", { type: "submit", id: "show-entries" }, "Find"),
    download(room, "CSV", () => `/admin/audit?${file(room)}`, "audit.csv"));
}

// file asks for all entries that match, also when a later page is shown.
function file(room) {
  const all = query(room, { format: "csv" });
  all.delete("cursor");
  return all;
}

function draw(room, { entries, next_cursor: more }) {
  const filtered = filters.some((name) => room.params.get(name));
  const newest = room.params.has("cursor") && link(room.link({ cursor: "" }), "The newest", { id: "newest" });
  if (entries.length === 0) {
    return [filtered ? empty("no-entries", "No entry matches all of these filters. ", link("#/audit", "Show all entries"), ".")
      : empty("no-entries", "There are no entries. Whatever an administrator does is listed here."), el("p", {}, newest)];
  }
  return [
    table({
      id: "audit", caption: "Audit log, the newest first", items: entries, columns: [
        { title: "Time", cell: (entry) => at(entry.at) },
        { title: "By", cell: actor },
        { title: "Action", cell: (entry) => entry.action },
        { title: "To", cell: target },
        { title: "What", cell: what },
        { title: "From address", cell: (entry) => entry.address },
      ],
    }),
    el("p", { class: "row" }, newest, more && link(room.link({ cursor: more }), "Older ones", { id: "older" })),
  ];
}

function actor(entry) {
  if (entry.actor_id === null) return el("em", {}, entry.actor);
  return link(`#/users/${entry.actor_id}`, entry.actor ?? `deleted user ${entry.actor_id}`);
}

// target is a user, or a plan, which has a name only.
function target(entry) {
  if (entry.target_id === null) return entry.target_username && (entry.action.endsWith("plan") ? link("#/plans", `plan ${entry.target_username}`) : entry.target_username);
  return link(`#/users/${entry.target_id}`, entry.target_username ?? `deleted user ${entry.target_id}`);
}

function what({ changes = [], detail }) {
  if (changes.length === 0) return detail;
  return changes.map(({ name, from, to }) => el("div", {}, `${name} ${written(from)} → ${written(to)}`));
}

// written is a value as people read it: numbers in groups of digits.
const written = (value) => (value === null ? "none" : /^\d{1,15}$/.test(value) ? number(Number(value)) : value);
