// The console. It uses the public API only, with the token of the signed-in user.
//
// Upstreams behind the gateway have the same origin, and their scripts could read any storage and any global variable. So the
// tokens are in this module and nowhere else, it exports nothing, and the session ends with the page.
import { $, button, closeDialogs, fill, guarded, notice, row, time } from "./page.js";
import { forgetInvitations, showInvitations, startInvitations } from "./invitations.js";
import { forgetKeys, showKeys, startKeys } from "./keys.js";
import { showPlans, startPlans } from "./plans.js";
import { showLimits, showUsage, startUsage } from "./usage.js";
import { forgetUsers, showUsers, startUsers } from "./users.js";

const calls = document.querySelector('meta[name="calls"]').content; // the path before those of all calls
const nobody = { username: "", token: "", refresh: "" };
let session = nobody;
let resetToken = "";
let invitation = ""; // of the link that led here

// takeReset takes a reset token out of the address at once, so that it stands in no history, bookmark or screenshot.
function takeReset() {
  const token = new URLSearchParams(location.hash.slice(1)).get("reset");
  if (!token) return;
  history.replaceState(null, "", location.pathname + location.search);
  resetToken = token;
}
takeReset();

class Refused extends Error {
  constructor(status, { message, type }) {
    super(message || `The gateway responded with status ${status}.`);
    this.status = status;
    this.type = type;
  }
}

async function send(method, path, { body, token } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(calls + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  const json = text && response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : {};
  if (!response.ok) throw new Refused(response.status, json);
  return json;
}

// authorized calls with the access token. If that has expired, it gets a new pair with the refresh token, once.
async function authorized(method, path, body) {
  try {
    return await send(method, path, { body, token: session.token });
  } catch (err) {
    if (err.status !== 401 || err.type || !session.refresh) throw err; // a problem with a type is not about the token
  }
  try {
    keep(await send("POST", "/token/refresh", { body: { refresh_token: session.refresh } }));
  } catch (err) {
    leave();
    throw err;
  }
  return send(method, path, { body, token: session.token });
}

function keep(pair) {
  session = { ...session, token: pair.token, refresh: pair.refresh_token };
}

function leave() {
  session = nobody;
  for (const id of ["room", "who", "sign-out", "admin", "planning", "inviting"]) $(id).hidden = true;
  closeDialogs();
  forgetKeys();
  forgetUsers();
  forgetInvitations();
  askAgain(false);
  askForCode(false);
  forgetFactor();
  $("door").hidden = false;
}

async function enter() {
  $("door").hidden = true;
  $("room").hidden = $("who").hidden = $("sign-out").hidden = false;
  $("who").textContent = session.username;
  showCurl();
  // Usage names the keys.
  await Promise.all([showKeys().then(showUsage), showLimits(), showSessions(), showFactor(), showAdmin()]);
}

function showCurl() {
  const query = new URLSearchParams({ number: $("number").value, n: $("n").value });
  $("curl").textContent = `curl '${location.origin}${calls}/root?${query}' -H "Authorization: Bearer $TOKEN"`;
}

async function showSessions() {
  const { sessions } = await authorized("GET", "/users/me/sessions");
  fill("sessions", sessions.map((one) => {
    const client = one.client || "unknown";
    const end = one.current ? "this session" : button("End", `End the session of ${client}`, async () => {
      await authorized("DELETE", `/users/me/sessions/${encodeURIComponent(one.id)}`);
      await showSessions();
    });
    return row([client, one.address, time(one.created), time(one.last_used), end]);
  }));
}

async function showAdmin() {
  const { role } = await authorized("GET", "/users/me");
  if (role === "admin") await Promise.all([showUsers(), showPlans(), showInvitations()]); // refused if a second factor is due
  $("admin").hidden = $("planning").hidden = $("inviting").hidden = role !== "admin";
}

// askAgain shows or hides the field for a new password at the sign-in.
function askAgain(must) {
  $("renew").hidden = !must;
  $("next").required = must;
  if (must) $("next").focus();
  else $("next").value = "";
}

function showWayBack() {
  $("way-back").hidden = !resetToken;
  $("door").hidden = Boolean(resetToken);
  if (resetToken) $("reset-password").focus();
}

async function setPassword() {
  try {
    await send("POST", "/users/password", { body: { reset_token: resetToken, new_password: $("reset-password").value } });
  } catch (err) {
    if (err.status === 403) endWayBack();
    throw err;
  }
  endWayBack();
  notice("The password is set. Sign in with it.");
  $("username").focus();
}

function endWayBack() {
  resetToken = "";
  $("reset").reset();
  showWayBack();
}

// takeInvitation does with an invitation what takeReset does with a reset token.
function takeInvitation() {
  const found = new URLSearchParams(location.hash.slice(1)).get("invitation");
  if (!found) return;
  invitation = found;
  history.replaceState(null, "", location.pathname + location.search);
  $("door-title").textContent = "Register";
  $("invited").hidden = false;
  $("with-invitation").hidden = true;
  $("register").hidden = false;
  $("register").className = "";
  $("sign-in").className = "plain";
  $("sign-in").before($("register")); // the first button is the one that Enter presses
}

async function register() {
  const body = credentials();
  const given = invitation || $("invitation").value.trim();
  if (given) body.invitation = given;
  try {
    const { message } = await send("POST", "/users/register", { body });
    notice(`${message}.`);
  } catch (err) {
    if (err.type?.endsWith("/registration-closed")) $("register").hidden = $("with-invitation").hidden = true;
    if (err.type?.endsWith("/invitation-not-valid") && !given) $("with-invitation").open = true;
    throw err;
  }
  await signIn();
  invitation = $("invitation").value = "";
}

async function showFactor() {
  const { totp } = await authorized("GET", "/users/me");
  $("factor-state").textContent = totp
    ? "On: signing in takes a code of your authenticator app."
    : "Off: signing in takes the password alone.";
  $("factor-begin").textContent = totp ? "Move to another app" : "Set up";
  for (const id of ["factor-otp-field", "factor-codes", "factor-off"]) $(id).hidden = !totp;
}

// forgetFactor takes off the page what is shown once.
function forgetFactor() {
  for (const id of ["factor-form", "factor-confirm"]) $(id).reset();
  $("factor-secret").hidden = $("factor-recovery").hidden = true;
  $("factor-key").textContent = "";
  $("factor-link").removeAttribute("href");
  $("factor-list").replaceChildren();
}

// confirmed is what the account wants to see before it changes the second factor.
function confirmed() {
  const body = { password: $("factor-password").value };
  if (!$("factor-otp-field").hidden) body.otp = $("factor-otp").value;
  return body;
}

async function beginFactor() {
  const { secret, uri } = await authorized("POST", "/users/me/totp", confirmed());
  forgetFactor();
  $("factor-key").textContent = secret.match(/.{4}/g).join(" ");
  $("factor-link").href = uri;
  $("factor-secret").hidden = false;
  $("factor-first").focus();
}

async function showRecovery({ recovery_codes: codes }) {
  forgetFactor();
  $("factor-list").replaceChildren(...codes.map((code) => {
    const item = document.createElement("li");
    item.textContent = code;
    return item;
  }));
  $("factor-recovery").hidden = false;
  $("factor-heading").focus();
  await Promise.all([showFactor(), showSessions(), showAdmin()]);
}

const credentials = () => ({ username: $("username").value, password: $("password").value });

// askForCode shows or hides the field for the code of the second factor.
function askForCode(wanted, recovery = false) {
  $("second").hidden = !wanted;
  $("otp").value = "";
  $("otp").inputMode = recovery ? "text" : "numeric";
  $("otp").autocomplete = recovery ? "off" : "one-time-code";
  if (wanted) $("otp").focus();
}

// askMore shows the field for what a sign-in lacks, and returns what to say. It returns nothing if the sign-in failed.
function askMore(type) {
  if (type.endsWith("/password-change-required")) { // the code that was sent is not spent
    askAgain(true);
    return "Your password has to be changed. Type a new one, and sign in again.";
  }
  if (!type.includes(":otp-")) return "";
  const first = type.endsWith("/otp-required") && $("second").hidden;
  askForCode(true);
  return first ? "Your account has a second factor. Enter its code." : "";
}

async function signIn() {
  const body = credentials();
  if (!$("second").hidden && $("otp").value) body.otp = $("otp").value;
  if (!$("renew").hidden) body.new_password = $("next").value;
  try {
    keep(await send("POST", "/token", { body }));
  } catch (err) {
    const asks = askMore(err.type ?? "");
    if (!asks) throw err;
    return notice(asks);
  }
  askForCode(false);
  askAgain(false);
  session.username = $("username").value;
  $("password").value = "";
  await enter();
}

document.addEventListener("DOMContentLoaded", () => {
  showWayBack();
  addEventListener("hashchange", () => {
    takeReset();
    if (!session.token) return showWayBack();
    if (resetToken) notice("Sign out before you open a link to set a password.", true);
    resetToken = "";
  });
  $("reset").addEventListener("submit", guarded(setPassword));
  $("credentials").addEventListener("submit", guarded((event) => (event.submitter === $("register") ? register() : signIn())));
  $("username").addEventListener("input", () => { // another user may need neither
    askAgain(false);
    askForCode(false);
  });
  $("use-recovery").addEventListener("click", () => askForCode(true, true));
  for (const start of [startUsage, startKeys, startUsers, startPlans, startInvitations]) start(authorized);
  takeInvitation();
  addEventListener("hashchange", takeInvitation);
  $("sign-out").addEventListener("click", guarded(async () => {
    try {
      await authorized("POST", "/logout");
    } finally {
      leave();
    }
  }));
  $("call").addEventListener("input", showCurl);
  $("call").addEventListener("submit", guarded(async () => {
    const query = new URLSearchParams({ number: $("number").value, n: $("n").value });
    $("answer").textContent = "";
    $("answer").textContent = `= ${(await authorized("GET", `/root?${query}`)).root}`;
    for (const wait of [700, 2200]) setTimeout(guarded(showUsage), wait); // a call is counted within two seconds
  }));
  $("factor-form").addEventListener("submit", guarded(beginFactor));
  $("factor-confirm").addEventListener("submit", guarded(async () => {
    await showRecovery(await authorized("PUT", "/users/me/totp", { otp: $("factor-first").value }));
    notice("The second factor is on. All other sessions have ended.");
  }));
  $("factor-codes").addEventListener("click", guarded(async () => {
    if (!$("factor-form").reportValidity()) return;
    await showRecovery(await authorized("POST", "/users/me/totp/recovery-codes", confirmed()));
    notice("These are the new recovery codes. The old ones are no longer valid.");
  }));
  $("factor-off").addEventListener("click", guarded(async () => {
    if (!$("factor-form").reportValidity()) return;
    await authorized("DELETE", "/users/me/totp", confirmed());
    forgetFactor();
    await showFactor();
    notice("The second factor is off.");
  }));
  $("factor-kept").addEventListener("click", () => {
    forgetFactor();
    $("factor-password").focus();
  });
  $("change").addEventListener("submit", guarded(async () => {
    await authorized("PUT", "/users/me/password", { current_password: $("current").value, new_password: $("new").value });
    $("change").reset();
    leave();
    notice("Password changed. Every session has ended: sign in with the new password.");
  }));
});

// The tokens end with the page, so the session does too. The browser may keep the page for its back button, without them.
addEventListener("pagehide", () => {
  if (!session.token) return;
  fetch(`${calls}/logout`, { method: "POST", headers: { Authorization: `Bearer ${session.token}` }, keepalive: true }).catch(() => {});
  leave();
});
