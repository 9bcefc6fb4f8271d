// The caller's API keys. authorized makes a call as the user who is signed in.
import { $, ask, button, buttons, copy, fill, guarded, names, notice, openDialog, orNone, row, time, whole } from "./page.js";

let authorized;
let known = new Map(); // the keys by their ids

// keyName is what the user calls a key, for usage. A revoked key has left the list.
export const keyName = (id) => (id === null ? "none: signed in" : known.get(id)?.name ?? `a revoked key (${id})`);

export async function showKeys() {
  const { keys } = await authorized("GET", "/users/me/keys");
  known = new Map(keys.map((key) => [key.key_id, key]));
  fill("keys", keys.map((key) => row([...keyCells(key), buttons(
    button("Change", `Change the key ${key.name}`, () => editKey(key)),
    button("Rotate", `Rotate the key ${key.name}`, () => rotateKey(key)),
    button("Revoke", `Revoke the key ${key.name}`, () => revokeKey(key)),
  )])));
  $("keys").hidden = keys.length === 0;
  $("no-keys").hidden = keys.length > 0;
}

// keyCells are what a table of keys shows of one.
export function keyCells(key) {
  const over = key.expires_at !== null && new Date(key.expires_at) <= new Date();
  return [key.name, time(key.created_at), key.last_used_at === null ? "never" : time(key.last_used_at),
    key.expires_at === null ? "never" : over ? `expired ${time(key.expires_at)}` : time(key.expires_at),
    key.routes === null ? "all" : key.routes.join(", "), orNone(key.monthly_quota)];
}

// editKey makes a key, or changes one.
function editKey(key) {
  $("key-title").textContent = key ? `Change the key ${key.name}` : "New API key";
  $("key-save").textContent = key ? "Save" : "Make the key";
  $("key-name").value = key?.name ?? "";
  $("key-expires").value = key?.expires_at?.slice(0, 10) ?? "";
  $("key-routes").value = key?.routes?.join(", ") ?? "";
  $("key-quota").value = key?.monthly_quota ?? "";
  openDialog("key-dialog", async () => {
    const body = { name: $("key-name").value, monthly_quota: whole($("key-quota")) };
    const routes = names($("key-routes").value);
    body.routes = routes.length ? routes : null;
    const day = $("key-expires").value;
    if (day !== (key?.expires_at?.slice(0, 10) ?? "")) body.expires_at = day ? `${day}T00:00:00Z` : null;
    if (!key) return showSecret(await authorized("POST", "/users/me/keys", body));
    await authorized("PATCH", path(key), body);
    return changed(`The key ${body.name} is changed.`);
  });
}

function rotateKey(key) {
  $("rotate-title").textContent = `Rotate the key ${key.name}`;
  openDialog("rotate-dialog", async () => {
    const body = { overlap_seconds: Number($("rotate-overlap").value) };
    return showSecret(await authorized("POST", `${path(key)}/rotate`, body));
  });
}

function revokeKey(key) {
  ask(`Revoke the key ${key.name}? Scripts that use it are refused within a second. This cannot be undone.`, "Revoke", async () => {
    await authorized("DELETE", path(key));
    return changed(`The key ${key.name} is revoked.`);
  });
}

const path = (key) => `/users/me/keys/${encodeURIComponent(key.key_id)}`;

async function changed(text) {
  await showKeys();
  notice(text);
  return $("keys-title");
}

// showSecret shows a new secret. Nobody can show it again.
async function showSecret(made) {
  $("made-key-name").textContent = `The key ${made.name}. Store it now: it is not shown again.`;
  $("made-key-text").value = made.key;
  $("made-key").hidden = false;
  await showKeys();
  return $("made-key-text");
}

export function forgetKeys() {
  $("made-key").hidden = true;
  $("made-key-text").value = "";
  known = new Map();
  fill("keys", []);
}

export function startKeys(call) {
  authorized = call;
  $("new-key").addEventListener("click", () => editKey(null));
  $("made-key").addEventListener("submit", guarded(() => copy($("made-key-text"))));
  $("key-stored").addEventListener("click", () => {
    $("made-key").hidden = true;
    $("made-key-text").value = "";
    $("new-key").focus();
  });
}
