// The state of the installation. Only what somebody has to do now is marked, with a word and a sentence.
import { el, hint, part } from "../parts/dom.js";
import { ago, at, bytes, number, span } from "../parts/format.js";
import { act } from "./act.js";
import { drawCertificates, drawGateways, drawUpstreams } from "./gateways.js";

export function showSystem(room) {
  const state = part({ id: "system", load: () => room.call("GET", "/admin/system"), draw });
  state.refresh();
  room.every(5, () => state.refresh());
  return state.section;
}

const facts = (title, rows, ...more) => [
  el("h2", {}, title), ...more.filter(Boolean),
  el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value ?? "not known")])),
];

const draw = ({ ledger, database, secrets, auth_service: service, ...reports }) => [
  ...drawGateways(reports), ...drawUpstreams(reports), ...drawCertificates(reports), ...drawLedger(ledger), ...drawDatabase(database), ...drawSecrets(secrets), ...drawService(service),
  hint("This is read every 5 seconds. Gateways report as often."),
];

function drawLedger(ledger) {
  const verified = ledger.verified_at ? el("span", {}, ago(ledger.verified_at), `, ${number(ledger.verify_differences)} differences`)
    : el("span", {}, "never: run ", el("code", {}, "auth-service ledger verify"));
  return facts("Ledger", [
    ["Behind the gateways by", ledger.lag_seconds === null ? "not known: no gateway reports" : span(ledger.lag_seconds)],
    ["Last delivery of usage", ledger.last_batch_at ? ago(ledger.last_batch_at) : "none yet"], ["Last verified", verified],
    ["Rolled up to", ledger.rolled_up_to ?? "no day yet"], ["Oldest hour kept", ledger.oldest_hour ? at(ledger.oldest_hour) : "none yet"],
  ], act(ledger.verify_differences > 0, "the sums of the ledger differ. Copy the database, then run auth-service ledger verify. It prints each difference."));
}

function drawDatabase({ kind, size_bytes: size, wal_bytes: wal, connections }) {
  const rows = [["Kind", kind === "sqlite" ? "SQLite" : "PostgreSQL"], ["Size", wal === null ? bytes(size) : `${bytes(size + wal)}, of which ${bytes(wal)} are the write-ahead log`]];
  if (connections) rows.push(["Connections to the server", `${number(connections.in_use)} of ${number(connections.limit)}`]);
  return facts("Database", rows, act(connections && connections.in_use >= connections.limit * 0.9,
    "the database server is nearly out of connections. Raise max_connections, or lower DATABASE_MAX_CONNS."));
}

function drawSecrets({ signing, internal }) {
  const row = (name, secret) => [name, el("span", {}, secret.changed_at ? el("span", {}, "file written ", ago(secret.changed_at)) : "age not known",
    `, ${number(secret.others_accepted)} others accepted`)];
  return facts("Secrets", [row("Key that signs tokens", signing), row("INTERNAL_SECRET", internal)]);
}

function drawService({ version, started_at: started, hash_queue: queue, pools }) {
  return facts("This auth-service", [
    ["Version", version], ["Started", ago(started)], ["Passwords that wait", `${number(queue.waiting)} of ${number(queue.limit)}`],
    ...pools.map((pool) => [`Database connections, ${pool.name}`, `${number(pool.in_use)} of ${number(pool.limit)}, ${number(pool.waiting)} calls wait`]),
  ], act(queue.limit > 0 && queue.waiting >= queue.limit, "sign-ins are refused. Add processors or a replica of auth-service."));
}
