// The account: what is stored, the password, the second factor, and the way out.
import { $, button, el, hint, link, notice, part } from "../parts/dom.js";
import { field, form, input, openDialog, password } from "../parts/form.js";
import { at } from "../parts/format.js";
import { showFactor } from "./factor.js";

export function showAccount(room) {
  const facts = part({ id: "facts", title: "What is stored", load: () => room.call("GET", "/users/me"), draw: (me) => drawFacts(me) });
  facts.refresh();
  return [facts.section, passwordSection(room), showFactor(room), endSection(room)];
}

function drawFacts(me) {
  const rows = [["User name", me.username], ["User id", me.user_id], ["Since", at(me.created_at)], ["Role", me.role], ["Plan", me.plan],
    ["Roles on routes", me.roles.join(", ") || "none"], ["Second factor", me.totp ? "on" : "off"]];
  return [
    el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    hint("Besides these: a hash of your password, from which nobody can read it; your ", link("#/sessions", "sessions"), " with program and address; your ",
      link("#/keys", "API keys"), " as hashes; and how many calls you made on each route in each hour, which you can download on the ", link("#/overview", "overview"),
      ". What you send to and get from the API is not stored."),
  ];
}

function passwordSection(room) {
  const next = password("new", { name: "new_password", autocomplete: "new-password" });
  const show = input("show-password", { type: "checkbox", onchange: () => { next.type = show.checked ? "text" : "password"; } });
  return el("section", { "aria-labelledby": "password-title" }, el("h2", { id: "password-title" }, "Password"), form({ id: "change", class: "stack" }, [
    field("Current password", password("current", { name: "current_password" })), field("New password", next, "Changing it signs you out everywhere."),
    el("div", { class: "choice" }, show, el("label", { for: "show-password" }, "Show the new password")),
    el("div", { class: "row" }, el("button", { type: "submit", id: "change-password" }, "Change the password")),
  ], async () => {
    await room.call("PUT", "/users/me/password", { current_password: $("current").value, new_password: next.value });
    room.leave("The password is changed. Every session has ended: sign in with the new password.");
  }));
}

function endSection(room) {
  return el("section", { "aria-labelledby": "delete-title" }, el("h2", { id: "delete-title" }, "Delete the account"),
    el("p", {}, "Your name, sessions and keys are deleted. What was called stays counted, under a number and without a name. This cannot be undone."),
    el("p", {}, button("Delete my account", { id: "delete-account", class: "danger" }, () => openDialog({
      id: "delete-dialog", title: `Delete the account ${room.me.username}?`, yes: "Delete", danger: true, content: [
        el("p", {}, "All tokens and keys are refused within a second. Type your password to confirm."),
        field("Password", password("delete-password", { name: "password" })),
      ],
      submit: async () => {
        await room.call("DELETE", "/users/me", { password: $("delete-password").value });
        room.leave("The account is deleted.");
        notice("The account is deleted.");
      },
    }))));
}
