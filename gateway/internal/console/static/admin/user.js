// One user: facts, what can be done, usage, sessions and API keys.
import { $, button, copyable, el, empty, link, notice, part } from "../parts/dom.js";
import { isChanged } from "../parts/edit.js";
import { ask, field, input, openDialog } from "../parts/form.js";
import { ago, at, client, number, utc } from "../parts/format.js";
import { chart, stack } from "../parts/chart.js";
import { periodPart } from "../parts/range.js";
import { table } from "../parts/table.js";
import { download, summed, usageTable } from "../parts/usage.js";
import { keyColumns } from "../user/keys.js";
import { editUser, units } from "./users.js";

export function showUser(room, heading) {
  const base = `/admin/users/${encodeURIComponent(room.rest)}`;
  const view = { room, base, once: el("div", { id: "made", role: "status" }) };
  const list = (id, title, load, draw) => part({ id, title, load: () => room.call("GET", load()), draw });
  view.facts = part({ id: "user-part", title: "User", load: () => room.tagged(base), draw: ({ state: user, tag }) => {
    Object.assign(view, { user, tag });
    heading.textContent = user.username;
    return drawFacts(view, user);
  } });
  view.usage = periodPart({
    room, id: "their-usage", title: "Calls", load: async (now) => ({ now, usage: await room.call("GET", usagePath(base, now)) }),
    draw: ({ now, usage }) => drawUsage(room, base, now, usage),
  });
  view.sessions = list("their-sessions-part", "Sessions", () => `${base}/sessions`, ({ sessions }) => drawSessions(view, sessions));
  view.keys = list("their-keys-part", "API keys", () => `${base}/keys`, ({ keys }) => drawKeys(view, keys));
  const parts = [view.facts, view.usage, view.sessions, view.keys];
  for (const one of parts) one.refresh();
  return [el("p", {}, link("#/users", "◀ All users")), view.once, ...parts.map((one) => one.section)];
}

function drawFacts(view, user) {
  const rows = [["Id", user.user_id], ["Since", at(user.created_at)], ["Last seen", user.last_seen_at ? ago(user.last_seen_at) : "never"],
    ["Role", user.role], ["State", user.disabled ? "disabled" : user.must_change_password ? "must change the password" : "active"], ["Plan", user.plan],
    ["Units this month", user.usage ? units(user.usage) : "0"], ["Roles on routes", user.roles.join(", ") || "none"], ["Second factor", user.totp ? "on" : "off"]];
  return [el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])), actions(view, user)];
}

// change changes the user that is shown. If somebody else was faster, it shows the new state and does nothing.
async function change(view, method, body) {
  try {
    await view.room.call(method, view.base, body, { "If-Match": view.tag });
  } catch (err) {
    if (!isChanged(err)) throw err;
    await view.facts.refresh();
    throw new Error(`Somebody else has changed ${view.user.username} meanwhile. Nothing was done. The page shows the new state now: look at it, and try again.`);
  }
}

function actions(view, user) {
  const { room, base } = view;
  const name = user.username;
  const again = () => view.facts.refresh();
  const patch = async (body, text) => {
    await change(view, "PATCH", body);
    await again();
    await view.sessions.refresh();
    notice(text);
    return view.facts.heading;
  };
  return el("p", { class: "row" },
    button("Change", { id: "change-user", about: `Change ${name}` }, () => editUser(room, user, again)),
    button("Reset link", { id: "reset-link", about: `Reset link for ${name}` }, () => makeReset(view)),
    button("End sessions", { id: "end-sessions" }, () => ask(`End all sessions of ${name}?`, `${number(user.sessions ?? 0)} sessions end, and their tokens are refused within a second. API keys go on.`,
      "End sessions", async () => {
        await room.call("DELETE", `${base}/sessions`);
        await Promise.all([again(), view.sessions.refresh()]);
        notice(`The sessions of ${name} have ended.`);
        return view.facts.heading;
      })),
    user.totp && button("Remove the second factor", { id: "remove-factor" }, () => ask(`Remove the second factor of ${name}?`, "Signing in then takes the password alone.", "Remove", async () => {
      await room.call("DELETE", `${base}/totp`);
      await again();
      notice(`${name} has no second factor any more.`);
      return view.facts.heading;
    })),
    user.disabled
      ? button("Enable", { id: "enable" }, () => patch({ disabled: false }, `${name} is enabled.`))
      : button("Disable", { id: "disable" }, () => ask(`Disable ${name}?`, "All sessions, tokens and API keys are refused within a second, and open streams end. Enabling the user brings the keys back.",
        "Disable", () => patch({ disabled: true }, `${name} is disabled.`))),
    button("Delete", { id: "delete-user", class: "danger" }, () => remove(view)));
}

function remove(view) {
  const { room, user } = view;
  openDialog({
    id: "remove-dialog", title: `Delete ${user.username}?`, yes: "Delete", danger: true, content: [
      el("p", {}, "The account, its sessions and its keys are deleted. What was called stays counted, under the id and without a name. This cannot be undone. Type the user name to confirm."),
      field("User name", input("remove-name", { required: true, spellcheck: "false" })),
    ],
    submit: async () => {
      if ($("remove-name").value !== user.username) throw new Error("This is another name.");
      await change(view, "DELETE");
      room.go("users");
    },
  });
}

// makeReset shows a link for a user who forgot the password. Nobody can show it again.
async function makeReset({ room, base, user, once }) {
  const made = await room.call("POST", `${base}/reset`);
  once.replaceChildren(copyable({
    id: "made-link", label: `Link for ${user.username} to set a new password, once, until ${utc(made.expires_at)}`,
    text: made.link ?? `${location.origin}${location.pathname}#reset=${made.reset_token}`, done: () => once.replaceChildren(),
  }));
  $("made-link").focus();
  $("made-link").select();
}

function usagePath(base, now, more = {}) {
  return `${base}/usage?${new URLSearchParams({ from: now.from, to: now.to, by: now.by, ...more })}`;
}

function drawUsage(room, base, now, usage) {
  const bar = el("p", {}, download(room, "CSV", () => usagePath(base, now, { format: "csv" }), `usage-${room.rest}-${now.from}.csv`));
  if (usage.series.length === 0) return [bar, empty("no-calls", "No calls in this period. Choose a longer one.")];
  const { series, values } = stack(now.bins, usage.series, (entry) => entry.route, (entry) => entry.requests);
  return [bar, chart({ id: "bars", label: `Calls per ${now.by}, ${now.name} (UTC)`, unit: "calls", bins: now.bins, series, values }),
    usageTable({
      id: "usage", caption: `Calls by route, ${now.name}`, room, items: summed(usage.series, (entry) => entry.route), total: usage.total,
      first: { title: "Route", name: "of", sort: (sum) => sum.of, cell: (sum) => sum.of },
    })];
}

function drawSessions({ room }, sessions) {
  if (sessions.length === 0) return empty("no-sessions", "This user is signed in nowhere. Each sign-in starts a session, which can be ended here.");
  return table({
    id: "their-sessions", caption: "Sessions of the user", items: sessions, room, columns: [
      { title: "Program", cell: (one) => el("span", { title: one.client }, client(one.client)) },
      { title: "Address", cell: (one) => one.address },
      { title: "Signed in", cell: (one) => ago(one.created) },
      { title: "Last used", cell: (one) => ago(one.last_used) },
    ],
  });
}

function drawKeys(view, keys) {
  if (keys.length === 0) return empty("no-keys-of-them", "This user has no API keys. Users make them themselves, in the view API keys.");
  const revoke = (key) => ask(`Revoke the key ${key.name}?`, "Scripts that use it are refused within a second. This cannot be undone.", "Revoke", async () => {
    await view.room.call("DELETE", `${view.base}/keys/${encodeURIComponent(key.key_id)}`);
    await view.keys.refresh();
    notice(`The key ${key.name} is revoked.`);
    return view.keys.heading;
  });
  return table({
    id: "their-keys", caption: "API keys of the user", items: keys, room: view.room,
    columns: [...keyColumns(), { title: "Actions", unseen: true, cell: (key) => button("Revoke", { about: `Revoke the key ${key.name}` }, () => revoke(key)) }],
  });
}
