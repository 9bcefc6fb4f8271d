// Where the user is signed in.
import { button, el, link, notice, part } from "../parts/dom.js";
import { ask } from "../parts/form.js";
import { ago, apart, client } from "../parts/format.js";
import { table } from "../parts/table.js";

export function showSessions(room) {
  const list = part({
    id: "sessions-part", title: "Where you are signed in",
    load: () => room.call("GET", "/users/me/sessions"), draw: ({ sessions }) => draw(room, list, sessions),
  });
  list.refresh();
  return list.section;
}

function draw(room, list, sessions) {
  const others = sessions.length - 1;
  const name = (one) => el("span", { title: one.client }, client(one.client), one.current ? " · this one" : "");
  return [
    table({
      id: "sessions", caption: "Where you are signed in", items: sessions, room, order: "-used", columns: [
        { title: "Program", name: "client", sort: (one) => client(one.client), cell: name },
        { title: "Address", cell: (one) => one.address },
        { title: "Signed in", name: "since", sort: (one) => one.created, cell: (one) => ago(one.created) },
        { title: "Last used", name: "used", sort: (one) => one.last_used, cell: (one) => ago(one.last_used) },
        { title: "Ends", name: "ends", sort: (one) => one.expires_at, cell: (one) => ago(one.expires_at) },
        { title: "Actions", unseen: true, cell: (one) => (one.current ? "" : endButton(room, list, one)) },
      ],
    }),
    others > 0
      ? el("p", {}, button("End all others", { id: "end-others" }, () => endOthers(room, list, others)))
      : el("p", { class: "empty" }, "You are signed in nowhere else. Scripts do not need a session: give them an ", link("#/keys", "API key"), "."),
  ];
}

function endButton(room, list, one) {
  const what = `${client(one.client)} at ${one.address}`;
  const used = `signed in ${apart(one.created)} and last used ${apart(one.last_used)}`;
  return button("End", { about: `End the session of ${what}` }, () => ask("End this session?",
    `${what}, ${used}, is signed out, and its tokens are refused within a second. Streams that are open end too.`, "End the session", async () => {
      await room.call("DELETE", `/users/me/sessions/${encodeURIComponent(one.id)}`);
      return done(list, "The session has ended.");
    }));
}

const endOthers = (room, list, others) => ask("End all other sessions?",
  `${others === 1 ? "1 session is" : `${others} sessions are`} signed out, and the tokens are refused within a second. This one goes on.`, "End all others", async () => {
    await room.call("DELETE", "/users/me/sessions");
    return done(list, "All other sessions have ended.");
  });

async function done(list, text) {
  await list.refresh();
  notice(text);
  return list.heading;
}
