// For administrators: invitations. authorized makes a call as the user who is signed in.
import { $, button, copy, fill, guarded, names, notice, row, time } from "./page.js";

let authorized;

export async function showInvitations() {
  const { invitations, next_cursor: more } = await authorized("GET", "/admin/invitations");
  $("more-invitations").hidden = more === null;
  $("invitations").hidden = invitations.length === 0;
  $("no-invitations").hidden = invitations.length > 0;
  fill("invitations", invitations.map((one) => {
    const cells = [one.state, time(one.expires_at), one.username ?? "any name", one.plan, one.roles.join(", "),
      one.created_by_username ?? one.created_by ?? "command line", one.used_by_username ?? one.used_by ?? ""];
    if (one.state !== "open") return row([...cells, ""]);
    return row([...cells, button("Withdraw", `Withdraw the invitation for ${cells[2]} that is good until ${cells[1]}`, async () => {
      await authorized("DELETE", `/admin/invitations/${encodeURIComponent(one.invitation_id)}`);
      await showInvitations();
      $("invitations-title").focus();
      notice("The invitation is withdrawn.");
    })]);
  }));
}

async function invite() {
  const body = { expires_in: 86400 * $("invite-days").valueAsNumber };
  if ($("invite-name").value) body.username = $("invite-name").value;
  if ($("invite-plan").value) body.plan = $("invite-plan").value;
  if ($("invite-roles").value.trim()) body.roles = names($("invite-roles").value);
  const made = await authorized("POST", "/admin/invitations", body);
  $("invitation-link").value = made.link ?? `${location.origin}${location.pathname}#invitation=${made.invitation}`;
  $("made-invitation").hidden = false;
  $("invitation-link").focus();
  $("invitation-link").select();
  await showInvitations();
  notice("The invitation is made. Its link is shown only now.");
}

export function forgetInvitations() {
  $("made-invitation").hidden = true;
  $("invitation-link").value = "";
}

export function startInvitations(call) {
  authorized = call;
  $("invite").addEventListener("submit", guarded(invite));
  $("made-invitation").addEventListener("submit", guarded(() => copy($("invitation-link"))));
}
