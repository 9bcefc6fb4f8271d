// The user's API keys.
import { $, button, copyable, el, empty, hint, notice, part } from "../parts/dom.js";
import { ask, field, input, names, openDialog, select, whole } from "../parts/form.js";
import { ago, number, orNoLimit, utc } from "../parts/format.js";
import { table } from "../parts/table.js";

export function showKeys(room) {
  const made = el("div", { id: "made-key", role: "status" });
  const list = part({ id: "keys-part", title: "Your keys", load: () => load(room), draw: (keys) => draw(view, keys) });
  const view = { room, list, made };
  list.refresh();
  return [
    el("section", {}, el("p", {}, "A key is a secret for a script, which then needs neither your password nor a new token every hour. The script sends it as ",
      el("code", {}, "Authorization: Bearer tg_…")), el("p", {}, button("New key", { id: "new-key", class: "" }, () => editKey(view, null))), made),
    list.section,
  ];
}

// load returns the keys, each with what was called with it this month.
async function load(room) {
  const [{ keys }, usage] = await Promise.all([room.call("GET", "/users/me/keys"), room.call("GET", "/users/me/usage?group=key")]);
  for (const key of keys) {
    const entries = usage.series.filter((entry) => entry.key_id === key.key_id);
    key.requests = entries.reduce((sum, entry) => sum + entry.requests, 0);
    key.units = entries.reduce((sum, entry) => sum + entry.units, 0);
  }
  return keys;
}

function draw(view, keys) {
  if (keys.length === 0) return empty("no-keys", "You have no keys. Make one for each script, with the routes that it needs.");
  const columns = keyColumns({ usage: true });
  columns.push({
    title: "Actions", unseen: true, cell: (key) => el("span", { class: "buttons" },
      button("Change", { about: `Change the key ${key.name}` }, () => editKey(view, key)),
      button("Rotate", { about: `Rotate the key ${key.name}` }, () => rotateKey(view, key)),
      button("Revoke", { about: `Revoke the key ${key.name}` }, () => revokeKey(view, key))),
  });
  return table({ id: "keys", caption: "Your API keys", room: view.room, items: keys, columns });
}

// keyColumns are what a table of keys shows of each.
export function keyColumns({ usage = false } = {}) {
  return [
    { title: "Name", name: "name", sort: (key) => key.name, cell: (key) => key.name },
    usage && { title: "Calls this month", name: "requests", number: true, sort: (key) => key.requests, cell: (key) => number(key.requests) },
    { title: "Last used", name: "used", sort: (key) => key.last_used_at ?? "", cell: (key) => (key.last_used_at === null ? "never" : ago(key.last_used_at)) },
    { title: "Made", name: "made", sort: (key) => key.created_at, cell: (key) => ago(key.created_at) },
    { title: "Good until", name: "expires", sort: (key) => key.expires_at ?? "9", cell: expiry },
    { title: "Routes", cell: (key) => (key.routes === null ? "all" : key.routes.join(", ")) },
    { title: "Units a month", number: true, cell: (key) => (usage && key.monthly_quota !== null ? `${number(key.units)} of ${number(key.monthly_quota)}` : orNoLimit(key.monthly_quota)) },
  ].filter(Boolean);
}

function expiry({ expires_at: end }) {
  if (end === null) return "revoked";
  return new Date(end) <= new Date() ? el("span", {}, "expired ", ago(end)) : ago(end);
}

// editKey makes a key, or changes one.
function editKey(view, key) {
  const before = key?.expires_at?.slice(0, 10) ?? "";
  openDialog({
    id: "key-dialog", title: key ? `Change the key ${key.name}` : "New API key", yes: key ? "Save" : "Make the key", content: [
      field("Name", input("key-name", { name: "name", required: true, maxlength: 100, value: key?.name ?? "" })),
      field("Good until", input("key-expires", { name: "expires_at", type: "date", value: before }), "The beginning of this day (UTC). Empty: until it is revoked."),
      field("Routes", input("key-routes", { name: "routes", placeholder: "files, reports", spellcheck: "false", value: key?.routes?.join(", ") ?? "" }), "The routes that it may call. Empty: all."),
      field("Units a month", input("key-quota", { name: "monthly_quota", type: "number", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, value: key?.monthly_quota ?? "" }), "Empty: as many as you may use."),
    ],
    submit: async () => {
      const routes = names($("key-routes").value);
      const body = { name: $("key-name").value, monthly_quota: whole("key-quota"), routes: routes.length ? routes : null };
      const day = $("key-expires").value;
      if (day !== before) body.expires_at = day ? `${day}T00:00:00Z` : null;
      if (!key) return showSecret(view, await view.room.call("POST", "/users/me/keys", body));
      await view.room.call("PATCH", path(key), body);
      return changed(view, `The key ${body.name} is changed.`);
    },
  });
}

const overlaps = [["86400", "another day"], ["3600", "another hour"], ["604800", "another week"], ["0", "no longer: somebody else has it"]];

function rotateKey(view, key) {
  openDialog({
    id: "rotate-dialog", title: `Rotate the key ${key.name}`, yes: "Rotate", content: [
      el("p", {}, "The key gets a new secret. Its usage and its limits stay."),
      field("The old secret works", select("rotate-overlap", overlaps, "86400", { name: "overlap_seconds" })),
    ],
    submit: async () => showSecret(view, await view.room.call("POST", `${path(key)}/rotate`, { overlap_seconds: Number($("rotate-overlap").value) })),
  });
}

const revokeKey = (view, key) => ask(`Revoke the key ${key.name}?`,
  "Scripts that use it are refused within a second, and their open streams end. This cannot be undone.", "Revoke", async () => {
    await view.room.call("DELETE", path(key));
    return changed(view, `The key ${key.name} is revoked.`);
  });

const path = (key) => `/users/me/keys/${encodeURIComponent(key.key_id)}`;

async function changed(view, text) {
  await view.list.refresh();
  notice(text);
  return view.list.heading;
}

// showSecret shows a new secret. Nobody can show it again.
async function showSecret(view, made) {
  view.made.replaceChildren(copyable({
    id: "made-key-text", label: `The key ${made.name}. Store it now: it is not shown again.`, text: made.key,
    done: () => {
      view.made.replaceChildren();
      $("new-key").focus();
    },
  }), made.expires_at ? hint(`It is good until ${utc(made.expires_at)}.`) : "");
  await view.list.refresh();
  return $("made-key-text");
}
