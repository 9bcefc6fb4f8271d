// The second factor: setting it up, new recovery codes, and turning it off.
import { $, button, el, notice } from "../parts/dom.js";
import { field, form, input, password } from "../parts/form.js";

export function showFactor(room) {
  const once = el("div", { id: "factor-once" });
  const state = el("p", { id: "factor-state" });
  const factor = { room, once, state, on: room.me.totp };
  const code = el("div", { id: "factor-otp-field" }, field("One-time code", input("factor-otp", { name: "otp", autocomplete: "one-time-code", maxlength: 64 }),
    "The code of your app, or a recovery code."));
  const actions = form({ id: "factor-form", class: "stack" }, [
    field("Password", password("factor-password", { name: "password" })), code,
    el("div", { class: "row" },
      el("button", { id: "factor-begin", type: "submit" }, ""),
      el("button", { id: "factor-codes", type: "submit", class: "plain" }, "New recovery codes"),
      el("button", { id: "factor-off", type: "submit", class: "plain" }, "Turn off")),
  ], (pressed) => ({ "factor-codes": renewCodes, "factor-off": turnOff })[pressed?.id]?.(factor) ?? begin(factor));
  factor.form = actions;
  factor.show = () => {
    state.textContent = factor.on ? "On: signing in takes a code of your authenticator app." : "Off: signing in takes the password alone.";
    actions.querySelector("#factor-begin").textContent = factor.on ? "Move to another app" : "Set up";
    for (const id of ["factor-otp-field", "factor-codes", "factor-off"]) actions.querySelector(`#${id}`).hidden = !factor.on;
  };
  factor.show();
  return el("section", { id: "factor", "aria-labelledby": "factor-title" }, el("h2", { id: "factor-title", tabindex: -1 }, "Second factor"), state, actions, once);
}

// confirmed is what the account wants to see before it changes the second factor.
function confirmed(factor) {
  const body = { password: $("factor-password").value };
  if (factor.on) body.otp = $("factor-otp").value;
  return body;
}

// forget takes off the page what is shown once.
function forget({ form: fields, once }) {
  fields.reset();
  once.replaceChildren();
}

async function begin(factor) {
  const { secret, uri } = await factor.room.call("POST", "/users/me/totp", confirmed(factor));
  forget(factor);
  factor.once.append(el("div", { id: "factor-secret" },
    el("p", {}, "Type this key into your authenticator app, or open ", el("a", { id: "factor-link", href: uri }, "this link"),
      " on the device that has the app. Then enter the code that it shows."),
    el("p", {}, el("code", { id: "factor-key" }, secret.match(/.{4}/g).join(" "))),
    form({ id: "factor-confirm", class: "stack" }, [
      field("Code", input("factor-first", { name: "otp", autocomplete: "one-time-code", inputmode: "numeric", maxlength: 64, required: true })),
      el("div", { class: "row" }, el("button", { type: "submit" }, "Confirm")),
    ], async () => {
      await showCodes(factor, await factor.room.call("PUT", "/users/me/totp", { otp: $("factor-first").value }));
      notice("The second factor is on. All other sessions have ended.");
    })));
  $("factor-first").focus();
}

async function renewCodes(factor) {
  await showCodes(factor, await factor.room.call("POST", "/users/me/totp/recovery-codes", confirmed(factor)));
  notice("These are the new recovery codes. The old ones are no longer valid.");
}

async function turnOff(factor) {
  await factor.room.call("DELETE", "/users/me/totp", confirmed(factor));
  forget(factor);
  await changed(factor);
  notice("The second factor is off.");
}

async function showCodes(factor, { recovery_codes: codes }) {
  forget(factor);
  factor.once.append(el("div", { id: "factor-recovery" },
    el("h3", { id: "factor-heading", tabindex: -1 }, "Recovery codes"),
    el("p", {}, "Keep them apart from your phone. Each is good once in the place of a code. They are not shown again."),
    el("ul", { id: "factor-list" }, ...codes.map((code) => el("li", {}, code))),
    button("I have kept them", { id: "factor-kept" }, () => {
      forget(factor);
      $("factor-title").focus();
    })));
  $("factor-heading").focus();
  await changed(factor);
}

async function changed(factor) {
  const me = await factor.room.call("GET", "/users/me");
  factor.on = factor.room.me.totp = me.totp;
  factor.show();
}
