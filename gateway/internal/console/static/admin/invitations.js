// Invitations: links with which people register.
import { $, button, copyable, el, empty, link, notice, part } from "../parts/dom.js";
import { ask, field, form, input, names, select } from "../parts/form.js";
import { ago } from "../parts/format.js";
import { table } from "../parts/table.js";
import { allPlans } from "./plans.js";

export function showInvitations(room) {
  const made = el("div", { id: "made-invitation", role: "status" });
  const list = part({
    id: "invitations-part", title: "All invitations", draw: (page) => draw(room, list, page),
    load: () => room.call("GET", `/admin/invitations?${new URLSearchParams({ limit: 50, cursor: room.params.get("cursor") ?? "" })}`.replace(/&cursor=$/, "")),
  });
  const choose = part({ id: "invite-part", title: "Invite somebody", load: () => allPlans(room), draw: (plans) => inviteForm(room, list, made, plans) });
  room.update = list.refresh;
  choose.refresh();
  list.refresh();
  return [choose.section, made, list.section];
}

function inviteForm(room, list, made, plans) {
  return form({ id: "invite", class: "stack" }, [
    field("User name", input("invite-name", { name: "username", maxlength: 128, spellcheck: "false" }), "Empty: the person chooses one."),
    field("Plan", select("invite-plan", [["", "default"], ...plans.filter(({ name }) => name !== "default").map(({ name }) => [name, name])], "", { name: "plan" })),
    field("Roles on routes", input("invite-roles", { name: "roles", spellcheck: "false" }), "Empty: none."),
    field("Good for (days)", input("invite-days", { name: "expires_in", type: "number", min: 1, max: 90, value: 7, required: true })),
    el("div", { class: "row" }, el("button", { type: "submit", id: "make-invitation" }, "Make an invitation")),
  ], async () => {
    const body = { expires_in: 86400 * $("invite-days").valueAsNumber };
    if ($("invite-name").value) body.username = $("invite-name").value;
    if ($("invite-plan").value) body.plan = $("invite-plan").value;
    if ($("invite-roles").value.trim()) body.roles = names($("invite-roles").value);
    const invitation = await room.call("POST", "/admin/invitations", body);
    made.replaceChildren(copyable({
      id: "invitation-link", label: "Link for the person you invite. It is shown only now", done: () => made.replaceChildren(),
      text: invitation.link ?? `${location.origin}${location.pathname}#invitation=${invitation.invitation}`,
    }));
    await list.refresh();
    $("invitation-link").focus();
    $("invitation-link").select();
  });
}

function draw(room, list, { invitations, next_cursor: more }) {
  if (invitations.length === 0) return empty("no-invitations", "There are no invitations. Make one above, and send its link to the person.");
  return [
    table({
      id: "invitations", caption: "Invitations, the newest first", items: invitations, columns: [
        { title: "State", cell: (one) => one.state },
        { title: "Good until", cell: (one) => ago(one.expires_at) },
        { title: "For", cell: (one) => one.username ?? "any name" },
        { title: "Plan", cell: (one) => one.plan },
        { title: "Roles", cell: (one) => one.roles.join(", ") },
        { title: "Made by", cell: (one) => one.created_by_username ?? one.created_by ?? "command line" },
        { title: "Used by", cell: (one) => one.used_by_username ?? one.used_by ?? "" },
        { title: "Actions", unseen: true, cell: (one) => one.state === "open" && withdraw(room, list, one) },
      ],
    }),
    el("p", { class: "row" }, room.params.has("cursor") && link(room.link({ cursor: "" }), "The newest", { id: "newest" }),
      more && link(room.link({ cursor: more }), "Older ones", { id: "older" })),
  ];
}

function withdraw(room, list, one) {
  const name = one.username ?? "any name";
  return button("Withdraw", { about: `Withdraw the invitation for ${name}` }, () => ask("Withdraw this invitation?",
    `The link for ${name} no longer works.`, "Withdraw", async () => {
      await room.call("DELETE", `/admin/invitations/${encodeURIComponent(one.invitation_id)}`);
      await list.refresh();
      notice("The invitation is withdrawn.");
      return list.heading;
    }));
}
