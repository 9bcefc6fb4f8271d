// For those who have not signed in: sign-in, registration, and a new password by a link.
import { $, button, el, hint, link, notice } from "../parts/dom.js";
import { field, form, input, password } from "../parts/form.js";

const userName = (attributes) => field("User name", input("username", { name: "username", autocomplete: "username", required: true, maxlength: 128, spellcheck: "false", autocapitalize: "none", ...attributes }));

export function showSignIn(room) {
  const code = field("One-time code", input("otp", { name: "otp", autocomplete: "one-time-code", inputmode: "numeric", maxlength: 64 }),
    "The six digits that your authenticator app shows.");
  const second = el("div", { id: "second", hidden: true }, code, button("Use a recovery code", { id: "use-recovery" }, () => askForCode(true, true)));
  const renew = el("div", { id: "renew", hidden: true },
    field("New password", password("next", { name: "new_password", autocomplete: "new-password", required: false })));
  const signIn = form({ id: "credentials", class: "stack" }, [
    userName(), field("Password", password("password", { name: "password" })), second, renew,
    el("div", { class: "row" }, el("button", { id: "sign-in", type: "submit" }, "Sign in")),
  ], async () => {
    const body = { username: $("username").value, password: $("password").value };
    if (!second.hidden && $("otp").value) body.otp = $("otp").value;
    if (!renew.hidden) body.new_password = $("next").value;
    try {
      await room.signIn(body);
    } catch (err) {
      if (!asksMore(err)) throw err;
      return;
    }
    await room.enter();
  });
  signIn.addEventListener("input", (event) => { // another user may need neither
    if (event.target.id !== "username") return;
    askForCode(false);
    askForPassword(false);
  });
  return el("section", { class: "narrow" }, signIn,
    hint("No account yet? ", link(room.link({ next: room.params.get("next") ?? "" }, "register"), "Register", { id: "to-register" })),
    hint("Leaving or reloading this page signs you out. Each tab has a session of its own."));
}

// askForCode shows or hides the field for the code of the second factor.
function askForCode(wanted, recovery = false) {
  $("second").hidden = !wanted;
  $("otp").value = "";
  $("otp").inputMode = recovery ? "text" : "numeric";
  $("otp").autocomplete = recovery ? "off" : "one-time-code";
  $("otp-help").textContent = recovery ? "One of the codes that were shown when you set the second factor up." : "The six digits that your authenticator app shows.";
  if (wanted) $("otp").focus();
}

function askForPassword(wanted) {
  $("renew").hidden = !wanted;
  $("next").required = wanted;
  if (wanted) $("next").focus();
  else $("next").value = "";
}

// asksMore shows the field for what a sign-in lacks. It reports whether the error was about that.
function asksMore({ kind }) {
  if (kind === "password-change-required") { // the code that was sent is not spent
    askForPassword(true);
    notice("Your password has to be changed. Type a new one, and sign in again.");
    return true;
  }
  if (kind !== "otp-required" || !$("second").hidden) {
    if (kind?.startsWith("otp-")) askForCode(true);
    return false;
  }
  askForCode(true);
  notice("Your account has a second factor. Enter its code.");
  return true;
}

export function showRegister(room, heading) {
  const invited = room.given.invitation;
  const invitation = el("details", { id: "with-invitation", hidden: Boolean(invited) }, el("summary", {}, "I have an invitation"),
    field("Invitation", input("invitation", { name: "invitation", spellcheck: "false", placeholder: "tgi_…" })));
  if (invited) heading.textContent = "Accept your invitation";
  const register = form({ id: "registration", class: "stack" }, [
    invited && el("p", { id: "invited" }, "You have been invited. Choose a user name and a password."),
    userName(), field("Password", password("password", { name: "password", autocomplete: "new-password" })), invitation,
    el("div", { class: "row" }, el("button", { id: "register", type: "submit" }, "Register")),
  ].filter(Boolean), async () => {
    const body = { username: $("username").value, password: $("password").value };
    const token = invited || $("invitation").value.trim();
    if (token) body.invitation = token;
    const made = await room.ask("POST", "/users/register", body).catch((err) => {
      if (err.kind === "invitation-not-valid" && !token) invitation.open = true;
      if (err.kind === "registration-closed") $("register").hidden = true;
      throw err;
    });
    if (made.message === "User already exists") {
      throw Object.assign(new Error("This user name is taken. Choose another one, or sign in if it is yours."), { kind: "invalid-username" });
    }
    await room.signIn({ username: body.username, password: body.password });
    await room.enter();
    notice("Your account is made, and you are signed in.");
  });
  return el("section", { class: "narrow" }, register, hint("You have an account? ", link(room.link({ next: room.params.get("next") ?? "" }, "sign-in"), "Sign in", { id: "to-sign-in" })));
}

export function showReset(room) {
  if (!room.given.reset) return el("section", { class: "narrow" }, el("p", {}, "This page needs the link that an administrator gave you."));
  return el("section", { class: "narrow", id: "way-back" }, form({ id: "reset", class: "stack" }, [
    field("New password", password("reset-password", { name: "new_password", autocomplete: "new-password" }), "This signs you out everywhere."),
    el("div", { class: "row" }, el("button", { type: "submit", id: "set-password" }, "Set password")),
  ], async () => {
    try {
      await room.ask("POST", "/users/password", { reset_token: room.given.reset, new_password: $("reset-password").value });
    } catch (err) {
      if (err.kind !== "reset-not-valid") throw err;
      delete room.given.reset;
      room.leave(err.message, true);
      return;
    }
    delete room.given.reset;
    room.leave("The password is set. Sign in with it.");
  }));
}
