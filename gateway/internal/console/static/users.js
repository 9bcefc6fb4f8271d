// For administrators: users, their plans, roles and API keys. authorized makes a call as the user who is signed in.
import { $, ask, button, buttons, copy, fill, guarded, names, notice, openDialog, row, whole } from "./page.js";
import { keyCells } from "./keys.js";

let authorized;

export async function showUsers() {
  const page = await authorized("GET", `/admin/users?${new URLSearchParams({ limit: 50, query: $("query").value })}`);
  fill("users", page.users.map((user) => row([user.username, user.role, user.plan, user.roles.join(", "), state(user), buttons(
    button("Change", `Change ${user.username}`, () => editUser(user)),
    button("API keys", `API keys of ${user.username}`, () => showKeysOf(user)),
    button("Reset link", `Reset link for ${user.username}`, () => makeReset(user)),
  )])));
  $("users").hidden = page.users.length === 0;
  $("no-users").hidden = page.users.length > 0;
  $("more").hidden = !page.next_cursor;
}

function state(user) {
  if (user.disabled) return "disabled";
  return user.must_change_password ? "must change the password" : "";
}

function editUser(user) {
  $("user-title").textContent = `Change ${user.username}`;
  $("user-plan").value = user.plan;
  $("user-roles").value = user.roles.join(", ");
  $("user-quota").value = user.monthly_quota ?? "";
  openDialog("user-dialog", async () => {
    await authorized("PATCH", `/admin/users/${user.user_id}`, {
      plan: $("user-plan").value || null, roles: names($("user-roles").value), monthly_quota: whole($("user-quota")),
    });
    await showUsers();
    notice(`${user.username} is changed.`);
    return $("users-title");
  });
}

async function showKeysOf(user) {
  const path = `/admin/users/${user.user_id}/keys`;
  const { keys } = await authorized("GET", path);
  $("their-keys-title").textContent = `API keys of ${user.username}`;
  fill("their-keys", keys.map((key) => row([...keyCells(key),
    button("Revoke", `Revoke the key ${key.name} of ${user.username}`, () => {
      ask(`Revoke the key ${key.name} of ${user.username}? Scripts that use it are refused within a second. This cannot be undone.`,
        "Revoke", async () => {
          await authorized("DELETE", `${path}/${encodeURIComponent(key.key_id)}`);
          await showKeysOf(user);
          notice(`The key ${key.name} of ${user.username} is revoked.`);
          return $("their-keys-title");
        });
    })])));
  $("their-keys").hidden = keys.length === 0;
  $("no-keys-of-them").hidden = keys.length > 0;
  $("keys-of-them").hidden = false;
  $("their-keys-title").focus();
}

// makeReset shows a link for a user who forgot the password. Nobody can show it again.
async function makeReset(user) {
  forgetReset();
  const made = await authorized("POST", `/admin/users/${user.user_id}/reset`);
  $("made-for").textContent = `For ${user.username}, once, until ${new Date(made.expires_at).toLocaleTimeString()}:`;
  $("made-link").value = made.link ?? `${location.origin}${location.pathname}#reset=${made.reset_token}`;
  $("made").hidden = false;
  $("made-link").select();
}

function forgetReset() {
  $("made").hidden = true;
  $("made-link").value = "";
}

export function forgetUsers() {
  forgetReset();
  fill("users", []);
  fill("their-keys", []);
  $("keys-of-them").hidden = true;
}

export function startUsers(call) {
  authorized = call;
  $("find").addEventListener("submit", guarded(showUsers));
  $("made").addEventListener("submit", guarded(() => copy($("made-link"))));
  $("their-keys-close").addEventListener("click", () => {
    $("keys-of-them").hidden = true;
    $("users-title").focus();
  });
}
