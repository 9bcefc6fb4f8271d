// What gateways report: themselves, their upstreams and their certificates.
import { el, empty, hint } from "../parts/dom.js";
import { ago, at, number, share, span } from "../parts/format.js";
import { table } from "../parts/table.js";
import { act } from "./act.js";

// shownRows bounds a table. What needs attention stands first.
const shownRows = 200;
// certificateDays is how long before its end a certificate is marked.
const certificateDays = 14;

const orUnknown = (value, write) => (value === null ? "not known" : write(value));
const milliseconds = (seconds) => `${(seconds * 1000).toLocaleString(undefined, { maximumFractionDigits: seconds < 0.1 ? 1 : 0 })}\u00a0ms`;

// drawGateways shows each gateway with its state in words.
export function drawGateways({ gateways, now }) {
  const title = el("h2", {}, "Gateways");
  if (gateways.length === 0) {
    return [title, empty("no-gateways", "No gateway has reported within 24 hours. Each reports every 5 seconds: see that one runs, reaches auth-service, and has the same INTERNAL_SECRET.")];
  }
  const seen = gateways.filter((gateway) => gateway.seen);
  // One host can have several gateways. The one that follows another has started after its last report.
  const again = (gone) => seen.some((gateway) => gateway.name === gone.name && new Date(gateway.started_at) > new Date(gone.reported_at));
  const state = (gateway) => (gateway.seen ? (gateway.last_error ? "in trouble" : "up") : again(gateway) ? "restarted" : "not seen");
  return [
    title,
    act(seen.length === 0, "no gateway reports any more. Callers get no response, or auth-service is out of the gateways' reach."),
    ...seen.filter((gateway) => gateway.last_error).map(({ name, last_error: error }) =>
      act(true, `${name}: ${error.message} (since `, ago(error.since), ")")),
    table({
      id: "gateways", caption: "Gateways that have reported within 24 hours", items: gateways.slice(0, shownRows), columns: [
        { title: "Gateway", cell: (gateway) => el("span", { title: gateway.id }, gateway.name) },
        { title: "State", cell: (gateway) => [state(gateway), ...(gateway.seen ? [] : [", last report ", ago(gateway.reported_at)])] },
        { title: "Version", cell: (gateway) => gateway.version },
        { title: "Running for", number: true, cell: (gateway) => up(gateway, now) },
        { title: "Changes of users heard", number: true, cell: (gateway) => (gateway.feed_age_seconds === null ? "never" : `${span(gateway.feed_age_seconds)} ago`) },
        { title: "Not delivered", number: true, cell: undelivered },
        { title: "Connections", number: true, cell: connections },
        { title: "Last minute", cell: ({ last_minute: minute }) => orUnknown(minute, lastMinute) },
      ],
    }),
    gateways.length > shownRows && hint(`The ${shownRows} that reported last, of ${number(gateways.length)}.`),
    seen.some((gateway) => gateway.truncated) && hint("A gateway has more replicas than fit into a report. Healthy ones are left out."),
  ].filter(Boolean);
}

const up = (gateway, now) => (gateway.seen ? span(Math.max(0, (new Date(now) - new Date(gateway.started_at)) / 1000)) : "–");

function undelivered({ undelivered: calls, undelivered_seconds: age, in_memory: inMemory }) {
  if (calls === null) return "not known";
  return [`${number(calls)} calls`, calls > 0 && age !== null && `, ${span(age)}`, inMemory && ", in memory alone"].filter(Boolean).join("");
}

function connections({ connections: open, in_flight: requests, streams }) {
  return orUnknown(open, () => `${number(open)}${requests === null ? "" : `, ${number(requests)} in flight`}${streams ? `, ${number(streams)} streams` : ""}`);
}

const lastMinute = ({ requests, rate_limited: limited, server_errors: errors }) =>
  `${number(requests)} requests, ${number(limited)} × 429, ${number(errors)} × 5xx`;

// drawUpstreams shows the replicas of each route. Routes with a replica that is not healthy stand first, with the reason.
export function drawUpstreams({ upstreams, gateways }) {
  const title = el("h2", {}, "Upstreams");
  if (upstreams.length === 0) return [title, hint("No gateway that reports has a route with an upstream.")];
  const known = new Map(gateways.map((gateway) => [gateway.id, gateway]));
  const several = new Set(upstreams.map((upstream) => upstream.gateway)).size > 1;
  const items = upstreams.map((upstream) => ({ ...upstream, name: known.get(upstream.gateway)?.name, cut: known.get(upstream.gateway)?.truncated, sick: upstream.replicas.filter((replica) => replica.state !== "healthy") }))
    .sort((a, b) => b.sick.length - a.sick.length || a.route.localeCompare(b.route));
  const without = items.filter((upstream) => !upstream.cut && upstream.replicas.length > 0 && upstream.sick.length === upstream.replicas.length);
  return [
    title,
    ...without.map(({ route, name }) => act(true, `the route ${route} has no healthy replica${several ? ` at ${name}` : ""}. Its callers get 503 or errors.`)),
    table({
      id: "upstreams", caption: "Upstreams and their replicas", items: items.slice(0, shownRows), columns: [
        { title: "Route", cell: (upstream) => upstream.route },
        several && { title: "Gateway", cell: (upstream) => upstream.name },
        { title: "Replicas", cell: replicas },
        { title: "p50, p99", number: true, cell: ({ p50_seconds: p50, p99_seconds: p99 }) => (p50 === null || p99 === null ? "–" : `${milliseconds(p50)}, ${milliseconds(p99)}`) },
        { title: "5xx", number: true, cell: ({ server_error_share: errors }) => (errors === null ? "–" : share(errors, 1)) },
        { title: "Last check", cell: checked },
      ],
    }),
    items.length > shownRows && hint(`${shownRows} of ${number(items.length)}, those with trouble first.`),
  ].filter(Boolean);
}

// replicas says how many are healthy. A report that is cut does not say that: healthy ones are left out.
function replicas({ replicas: all, sick, cut }) {
  if (sick.length === 0) return `${cut ? "at least " : ""}${number(all.length)} healthy`;
  return [
    cut ? `${number(sick.length)} not healthy` : `${number(all.length - sick.length)} of ${number(all.length)} healthy`,
    ...sick.map(({ address, state, reason }) => el("div", { class: "hint" }, `${address} is ${state}`, reason && `: ${reason.message}`)),
  ];
}

function checked({ replicas: all }) {
  const times = all.map((replica) => replica.checked_at).filter(Boolean).sort();
  return times.length ? ago(times.at(-1)) : "no health check";
}

// drawCertificates shows when each certificate ends.
export function drawCertificates({ gateways, now }) {
  const items = gateways.filter((gateway) => gateway.seen)
    .flatMap((gateway) => gateway.tls.map((certificate) => ({ ...certificate, gateway: gateway.name, days: (new Date(certificate.not_after) - new Date(now)) / 86400000 })))
    .sort((a, b) => a.days - b.days);
  const title = el("h2", {}, "Certificates");
  if (items.length === 0) return [title, hint("No gateway ends TLS itself.")];
  return [
    title,
    ...items.filter((certificate) => certificate.days < certificateDays).map(({ names, gateway, not_after: end, days }) =>
      act(true, `the certificate of ${names.join(", ")} at ${gateway} ${days < 0 ? "has ended" : "ends"} `, ago(end), ". Replace its file: gateways load it by themselves.")),
    table({
      id: "certificates", caption: "Certificates", items: items.slice(0, shownRows), columns: [
        { title: "Names", cell: (certificate) => certificate.names.join(", ") },
        { title: "Gateway", cell: (certificate) => certificate.gateway },
        { title: "Ends", cell: (certificate) => at(certificate.not_after) },
        { title: "Days left", number: true, cell: (certificate) => number(Math.floor(certificate.days)) },
      ],
    }),
  ];
}
