// The console and the API reference, in one page: so going from one to the other keeps the session. It uses the public API only.
// The part of the address behind # says which view is shown: #/keys, or #/usage?by=hour. This module exports nothing: it holds the session.
import { $, el, guarded, notice } from "./parts/dom.js";
import { closeDialogs } from "./parts/form.js";
import { newSession } from "./session.js";
import { showRegister, showReset, showSignIn } from "./user/signin.js";
import { showOverview } from "./user/overview.js";
import { showKeys } from "./user/keys.js";
import { showSessions } from "./user/sessions.js";
import { showAccount } from "./user/account.js";
import { showCall } from "./user/call.js";
import { showReference } from "./reference/reference.js";
import { showAudit } from "./admin/audit.js";
import { showAdminUsage } from "./admin/adminusage.js";
import { showInvitations } from "./admin/invitations.js";
import { showPlans } from "./admin/plans.js";
import { showSystem } from "./admin/system.js";
import { showUsers } from "./admin/users.js";

// everyone: it is shown without a sign-in. keeps: it shows another address of its own without being made anew.
const views = {
  __proto__: null, // an address may have any word, also one like constructor
  "sign-in": { title: "Sign in", menu: "out", everyone: true, show: showSignIn },
  register: { title: "Register", menu: "out", everyone: true, show: showRegister },
  "new-password": { title: "Set a new password", everyone: true, show: showReset },
  overview: { title: "Overview", menu: "user", show: showOverview },
  keys: { title: "API keys", menu: "user", show: showKeys },
  call: { title: "Make a call", menu: "user", show: showCall },
  sessions: { title: "Sessions", menu: "user", show: showSessions },
  account: { title: "Account", menu: "user", show: showAccount },
  reference: { title: "API reference", menu: "all", everyone: true, keeps: true, show: showReference },
  users: { title: "Users", menu: "admin", show: showUsers },
  usage: { title: "Usage", menu: "admin", show: showAdminUsage },
  plans: { title: "Plans", menu: "admin", show: showPlans },
  invitations: { title: "Invitations", menu: "admin", show: showInvitations },
  audit: { title: "Audit", menu: "admin", show: showAudit },
  system: { title: "System", menu: "admin", show: showSystem },
};

const base = document.querySelector('meta[name="calls"]').content; // the path before those of all calls
const session = newSession(base, () => leave("Your session has ended. Sign in again."));
let me = null; // the account that is signed in
let current = null; // the view that is shown: its path, and its room
const given = {}; // what the links of invitations and resets carry

// takeSecret takes a token of a link out of the address at once, so that it stands in no history, bookmark or screenshot.
function takeSecret() {
  const found = new URLSearchParams(location.hash.slice(1));
  for (const [name, view] of [["reset", "new-password"], ["invitation", "register"]]) {
    if (!found.has(name)) continue;
    given[name] = found.get(name);
    history.replaceState(null, "", location.pathname + location.search);
    return view;
  }
  return "";
}

// decoded is text as it is if it is no valid encoding: links are cut and written by hand.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// where reads the address.
function where() {
  const secret = takeSecret();
  if (secret) return { path: secret, rest: "", params: new URLSearchParams() };
  const anchor = location.hash.match(/^#([\w.-]+)$/); // /docs#createKey
  const reference = location.pathname.endsWith("/docs") && !location.hash.startsWith("#/");
  if (reference) return { path: "reference", rest: anchor?.[1] ?? "", params: new URLSearchParams() };
  const [, path = "", rest = "", query = ""] = location.hash.match(/^#\/([\w-]*)(?:\/([^?]*))?(?:\?(.*))?$/) ?? [];
  return { path, rest: decoded(rest), params: new URLSearchParams(query) };
}

const address = (path, rest, params) => {
  const query = new URLSearchParams(params).toString();
  return `#/${path}${rest ? `/${encodeURIComponent(rest)}` : ""}${query ? `?${query}` : ""}`;
};

// newRoom is what a view gets: the address, and the calls. A view sets update if it can show other parameters without being made anew.
function newRoom(path, rest, params) {
  const room = {
    path, rest, params, base, given, me,
    signedIn: () => session.signedIn, here: () => location.hash.replace(/^#\//, "") || path,
    ask: session.ask, call: session.call, tagged: session.tagged, fetch: session.fetch, signIn: session.signIn,
    link: (changes, to = path) => {
      const all = new URLSearchParams(to === path ? room.params : "");
      for (const [name, value] of Object.entries(changes)) {
        if (value === "" || value === null) all.delete(name);
        else all.set(name, value);
      }
      return address(to, to === path ? rest : "", all);
    },
    set: (changes) => { location.hash = room.link(changes); },
    go: (to, other = "") => { location.hash = address(to, other); },
    enter, leave,
    // every does something again and again while the view is shown and somebody can see it.
    every: (seconds, action) => {
      const timer = setInterval(() => {
        if (current !== room) clearInterval(timer);
        else if (!document.hidden && !document.querySelector("dialog")) action();
      }, seconds * 1000);
    },
  };
  return room;
}

function render() {
  let { path, rest, params } = where();
  if (path === "new-password" && session.signedIn) {
    delete given.reset;
    notice("Sign out before you open a link to set a password.", true);
    path = "overview";
  }
  if (!session.signedIn && !views[path]?.everyone) {
    if (views[path]) params = new URLSearchParams({ next: location.hash.slice(2) });
    path = "sign-in";
  }
  if (session.signedIn && params.get("next") && views[path]?.menu === "out") {
    location.replace(`#/${params.get("next")}`); // what was asked for before the sign-in
    return;
  }
  if (session.signedIn && (!views[path] || views[path].menu === "out")) path = "overview";
  if (views[path].menu === "admin" && me.role !== "admin") path = "overview";
  if (current?.path === path && current.update && (views[path].keeps || current.rest === rest)) {
    Object.assign(current, { params, rest });
    openMenu(false);
    current.update();
    return;
  }
  const again = current?.path === path && current.rest === rest ? document.activeElement?.id : "";
  closeDialogs();
  current = newRoom(path, rest, params);
  const heading = el("h1", { tabindex: -1 }, views[path].title);
  document.title = `${views[path].title} · Tallygate`;
  $("view").replaceChildren(heading, ...[views[path].show(current, heading)].flat().filter(Boolean));
  drawMenu(path);
  const focused = again && $(again);
  if (focused) focused.focus();
  else if (!$("view").contains(document.activeElement) || document.activeElement === document.body) heading.focus({ preventScroll: true });
}

const menus = { user: "Mine", admin: "Administration", all: "Help" };

function drawMenu(path) {
  const shown = session.signedIn ? ["user", me.role === "admin" && "admin", "all"] : ["out", "all"];
  $("nav").replaceChildren(...shown.filter(Boolean).flatMap((menu) => [
    menus[menu] && me?.role === "admin" && el("h2", {}, menus[menu]),
    el("ul", {}, ...Object.entries(views).filter(([, view]) => view.menu === menu).map(([to, view]) =>
      el("li", {}, el("a", { href: `#/${to}`, "aria-current": to === path && "page" }, view.title)))),
  ].filter(Boolean)));
  $("who").hidden = $("sign-out").hidden = !session.signedIn;
  $("who").textContent = me?.username ?? "";
  openMenu(false);
}

function openMenu(open) {
  $("menu").setAttribute("aria-expanded", String(open));
  $("nav").classList.toggle("open", open);
}

// enter shows what was asked for once somebody has signed in.
async function enter() {
  try {
    me = await session.call("GET", "/users/me");
  } catch (err) {
    await session.signOut().catch(() => session.forget());
    throw err;
  }
  for (const name of Object.keys(given)) delete given[name];
  current = null;
  render();
}

// leave shows the sign-in, and why. The session has ended.
function leave(why = "", alarm = false) {
  session.forget();
  me = null;
  current = null;
  closeDialogs();
  render();
  notice(why, alarm);
}

$("sign-out").addEventListener("click", guarded(async () => {
  try {
    await session.signOut();
  } catch (err) {
    throw new Error(`You are still signed in: ${err.message}`);
  }
  leave("You are signed out.");
}));
$("menu").addEventListener("click", () => openMenu($("menu").getAttribute("aria-expanded") !== "true"));
addEventListener("hashchange", () => {
  notice("");
  render();
});
matchMedia("(max-width: 38rem)").addEventListener("change", () => current.update?.()); // charts are drawn for a width
// The tokens end with the page, so the session does too. The browser may keep the page for its back button, without them.
addEventListener("pagehide", () => {
  if (!session.signedIn) return;
  session.abandon();
  leave();
});
render();
