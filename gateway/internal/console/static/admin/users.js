// Users: finding them, and changing what they may do. #/users/42 is one user.
import { $, button, el, empty, link, notice, part } from "../parts/dom.js";
import { openEdit } from "../parts/edit.js";
import { field, input, names, openDialog, select, whole } from "../parts/form.js";
import { ago, number, share } from "../parts/format.js";
import { table } from "../parts/table.js";
import { allPlans } from "./plans.js";
import { showUser } from "./user.js";

export function showUsers(room, heading) {
  if (room.rest) return showUser(room, heading);
  const filters = part({ id: "find-part", load: () => allPlans(room), draw: (plans) => filterForm(room, plans) });
  const list = part({ id: "users-part", title: "Found", load: () => room.call("GET", path(room)), draw: (page) => draw(room, list, page) });
  room.update = list.refresh;
  filters.refresh();
  list.refresh();
  return [filters.section, list.section];
}

const wanted = ["query", "role", "disabled", "plan", "cursor"];

function path(room) {
  const query = new URLSearchParams({ limit: 50 });
  for (const name of wanted) {
    if (room.params.get(name)) query.set(name, room.params.get(name));
  }
  return `/admin/users?${query}`;
}

function filterForm(room, plans) {
  const value = (name) => room.params.get(name) ?? "";
  const apply = () => room.set({ query: $("query").value.trim(), role: $("role").value, disabled: $("disabled").value, plan: $("plan").value, cursor: "" });
  return el("form", { id: "find", class: "row", role: "search", onsubmit: (event) => { event.preventDefault(); apply(); } },
    el("div", { class: "field grow" }, el("label", { for: "query" }, "Part of the name, or the id"), input("query", { type: "search", maxlength: 128, value: value("query"), spellcheck: "false" })),
    field("Role", select("role", [["", "any"], ["admin", "administrators"], ["user", "users"]], value("role"), { onchange: apply })),
    field("State", select("disabled", [["", "any"], ["false", "enabled"], ["true", "disabled"]], value("disabled"), { onchange: apply })),
    field("Plan", select("plan", [["", "any"], ...plans.map(({ name }) => [name, name])], value("plan"), { onchange: apply })),
    el("button", { type: "submit", id: "show-users" }, "Find"),
    button("Add a user", { id: "add-user" }, () => addUser(room)));
}

function draw(room, list, { users, next_cursor: more }) {
  const first = room.params.has("cursor") && link(room.link({ cursor: "" }), "From the beginning", { id: "from-beginning" });
  if (users.length === 0) return [empty("no-users", "Nobody is like that. ", link("#/users", "Show all users"), "."), el("p", {}, first)];
  return [
    table({
      id: "users", caption: "Users", items: users, columns: [
        { title: "User", cell: (user) => link(`#/users/${user.user_id}`, user.username) },
        { title: "State", cell: (user) => [user.role === "admin" && "administrator", user.disabled && "disabled", user.must_change_password && "must change the password"].filter(Boolean).join(", ") || "active" },
        { title: "Plan", cell: (user) => user.plan },
        { title: "Units this month", number: true, cell: ({ usage }) => usage && units(usage) },
        { title: "Client errors", number: true, cell: ({ usage }) => usage && share(usage.client_errors, usage.requests) },
        { title: "Last seen", cell: (user) => (user.last_seen_at ? ago(user.last_seen_at) : "never") },
        { title: "Sessions", number: true, cell: (user) => number(user.sessions ?? 0) },
        { title: "Actions", unseen: true, cell: (user) => button("Change", { about: `Change ${user.username}` }, () => editUser(room, user, list.refresh)) },
      ],
    }),
    el("p", { class: "row" }, first, more && link(room.link({ cursor: more }), "Further users", { id: "further" })),
  ];
}

export function units({ units: used, limit }) {
  return limit === null || limit === undefined ? number(used) : `${number(used)} of ${number(limit)} (${share(used, limit || 1)})`;
}

// editUser changes what a user may do. It sends what was changed and nothing else, and only if nobody else has changed the user meanwhile.
export async function editUser(room, user, refresh) {
  const plans = await allPlans(room);
  const path = `/admin/users/${user.user_id}`;
  const value = (id) => () => $(id).value;
  await openEdit({
    id: "user-dialog", title: `Change ${user.username}`, yes: "Save", what: user.username, read: () => room.tagged(path), fields: [
      { id: "user-plan", label: "Plan", of: (one) => one.plan, name: "plan", sent: value("user-plan"),
        control: (plan) => select("user-plan", plans.map(({ name }) => [name, name]), plan, { name: "plan" }) },
      { id: "user-quota", label: "Units a month", of: (one) => one.monthly_quota, name: "monthly_quota", sent: () => whole("user-quota"),
        control: (quota) => input("user-quota", { name: "monthly_quota", type: "number", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, value: quota }),
        help: "In the place of the plan's. Empty: as the plan says." },
      { id: "user-roles", label: "Roles on routes", of: (one) => one.roles.join(", "), name: "roles", sent: () => names($("user-roles").value),
        control: (roles) => input("user-roles", { name: "roles", spellcheck: "false", value: roles }), help: "Routes can ask for one of them. Empty: none." },
      { id: "user-role", label: "Role", of: (one) => one.role, name: "role", sent: value("user-role"),
        control: (role) => select("user-role", [["user", "user"], ["admin", "administrator"]], role, { name: "role" }) },
    ],
    save: async (changed, tag) => {
      if (changed.length) await room.call("PATCH", path, Object.fromEntries(changed.map(({ name, sent }) => [name, sent()])), { "If-Match": tag });
      await refresh();
      notice(`${user.username} is changed.`);
    },
  });
}

function addUser(room) {
  openDialog({
    id: "add-dialog", title: "Add a user", yes: "Add", content: [
      field("User name", input("add-name", { name: "username", required: true, maxlength: 128, spellcheck: "false" })),
      field("First password", input("add-password", { name: "password", type: "password", autocomplete: "new-password", required: true }), "The user has to change it at the first sign-in. To send a link instead, use Invitations."),
    ],
    submit: async () => {
      const made = await room.call("POST", "/admin/users", { username: $("add-name").value, password: $("add-password").value });
      location.hash = `#/users/${made.user_id}`;
    },
  });
}
